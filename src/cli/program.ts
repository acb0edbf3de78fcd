/** The command line: which commands there are, and how each of them ends in one exit status. */
import { Command } from 'commander';
import { ArchiverError } from '../domain/errors.ts';
import { addArchive } from './commands/archive.ts';
import { addBackup } from './commands/backup.ts';
import { addIndex } from './commands/build-index.ts';
import { addCheck } from './commands/check.ts';
import { addConfig } from './commands/config.ts';
import { addDemo } from './commands/demo.ts';
import { addDrill } from './commands/drill.ts';
import { addExpire } from './commands/expire.ts';
import { addHelp, addVersion } from './commands/help.ts';
import { addHold, addRelease } from './commands/hold.ts';
import { addInspect } from './commands/inspect.ts';
import { addList } from './commands/list.ts';
import { addNotify } from './commands/notify.ts';
import { addPlan } from './commands/plan.ts';
import { addRestore } from './commands/restore.ts';
import { addRun } from './commands/run.ts';
import { addSandbox } from './commands/sandbox.ts';
import { addSchedule } from './commands/schedule.ts';
import { addStatus } from './commands/status.ts';
import { addVerify } from './commands/verify.ts';
import { refuseNodeDebug } from './debugging.ts';
import { reportError } from './errors.ts';
import { ALL_CODES, EXIT, exitSection } from './exit-codes.ts';
import { addCommonOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';
import { pointToHelp, refuseDryRun, usageError } from './usage.ts';

/** Runs one command to its end and gives its exit status; never rejects. `args` come without the program's own name. */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stderr, signal, env } = surroundings;
  let code: number = EXIT.done;
  try {
    refuseNodeDebug(env);
    const program = createProgram(surroundings, (result) => {
      code = result;
    });
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    code = reportError(error, stderr);
  }
  // A signal comes before everything else, whatever the command made of it.
  return signal.aborted && signal.reason instanceof ArchiverError ? signal.reason.exit : code;
}

/** The commands on offer; `finish` takes the exit status of the one that was run. */
function createProgram(surroundings: Surroundings, finish: (code: number) => void): Command {
  const { stdout, stderr, version, home } = surroundings;
  const program = new Command('rdb-archiver')
    .description(
      'Archives TencentDB for Redis backups into S3-compatible storage before the cloud deletes them.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .configureHelp({
      showGlobalOptions: true,
      helpWidth: helpWidth(stdout.columns),
      subcommandTerm: (command) => command.name(),
    })
    .configureOutput({
      writeOut: stdout.write,
      writeErr: stderr.write,
      outputError: (text, write) => write(usageError(text)),
    })
    .addHelpText(
      'after',
      `\nEach command has its own --help.\nPages and files that messages name (docs/…, deploy/…) lie in ${home}.\n${exitSection(ALL_CODES)}`,
    )
    .exitOverride();
  addCommonOptions(program);

  addRun(program, surroundings, finish);
  addSchedule(program, surroundings);
  addArchive(program, surroundings, finish);
  addBackup(program, surroundings, finish);
  addPlan(program, surroundings, finish);
  addList(program, surroundings, finish);
  addStatus(program, surroundings, finish);
  addCheck(program, surroundings, finish);
  addVerify(program, surroundings, finish);
  addInspect(program, surroundings, finish);
  addExpire(program, surroundings, finish);
  addIndex(program, surroundings, finish);
  addHold(program, surroundings, finish);
  addRelease(program, surroundings, finish);
  addRestore(program, surroundings, finish);
  addDrill(program, surroundings, finish);
  addNotify(program, surroundings, finish);
  addConfig(program, surroundings);
  addSandbox(program, surroundings);
  addDemo(program, surroundings, finish);
  addHelp(program);
  addVersion(program, surroundings);
  pointToHelp(program);
  for (const command of program.commands) {
    const instead = BEFOREHAND[command.name()];
    if (instead !== undefined) refuseDryRun(command, instead);
  }
  return program;
}

const PLAN = '`rdb-archiver plan` shows what `run` would do now, and moves nothing.';
/** How to see what a command would do, of those that change something. */
const BEFOREHAND: Readonly<Record<string, string>> = {
  run: PLAN,
  schedule: PLAN,
  archive: PLAN,
  expire: 'Without --confirm it only shows what would go.',
};

/** Help reads badly in very long lines, and is not cut where nobody knows the width. */
function helpWidth(columns: number | undefined): number {
  return Math.min(columns ?? 80, 100);
}
