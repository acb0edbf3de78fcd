/** `demo`: the whole job in one command, on a stand-in of the cloud: run, verify, and where the dumps lie now. */
import { mkdtemp, rmdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import { makeFolder } from '../../disk/make-folder.ts';
import { ArchiverError } from '../../domain/errors.ts';
import { modesOf } from '../../domain/file-access.ts';
import type { ArchiveItem } from '../../list/report.ts';
import { counted, humanSize } from '../../report/amounts.ts';
import type { VerifyItem } from '../../verify/report.ts';
import { EXIT, exitSection, WORKING_CODES } from '../exit-codes.ts';
import { printListing } from '../listing.ts';
import { configOf } from '../options.ts';
import type { RunningSandbox, Surroundings } from '../surroundings.ts';
import { withApp, withQuietApp } from '../with-app.ts';
import { verifyColumns, verifyTotals } from './verify.ts';

export function addDemo(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  program
    .command('demo')
    .summary('see it all work, with nothing set up')
    .description('Sandbox, run into a folder, verify: the whole job in one command, with nothing set up.')
    .option('--dir <dir>', 'where the archive goes', 'archive')
    .addHelpText('after', exitSection([...WORKING_CODES, EXIT.damaged].toSorted((a, b) => a - b)))
    .action(async ({ dir }: { dir: string }, command: Command) => {
      const sandbox = await surroundings.createSandbox({ port: 0 });
      try {
        finish(await tell(sandbox, resolve(surroundings.cwd, dir), command, surroundings));
      } finally {
        await sandbox.close();
      }
    });
}

async function tell(
  sandbox: RunningSandbox,
  directory: string,
  command: Command,
  surroundings: Surroundings,
): Promise<number> {
  const { stdout, signal } = surroundings;
  const config = await demoConfig(sandbox, directory, command);
  const place = relative(surroundings.cwd, directory) || directory;

  stdout.write(`1. A stand-in of the cloud on ${sandbox.url}: ${sandbox.contents}.\n\n`);
  stdout.write(`2. rdb-archiver run, into ${place}\n\n`);
  const { exitCode } = await withApp(config, surroundings, (app) => app.run({ signal }));
  if (exitCode !== EXIT.done) return exitCode;

  stdout.write('\n3. rdb-archiver verify: every byte read back, against what the cloud sent\n\n');
  const [verified, archives] = await withQuietApp(
    config,
    surroundings,
    async (app) => [await app.verify({ quick: false, signal }), await app.listArchives({ signal })] as const,
  );
  printListing(
    verified,
    { name: 'verify', columns: verifyColumns, json: false, empty: 'Nothing was archived.' },
    surroundings,
  );
  stdout.write(`${verifyTotals(verified.summary)}\n`);
  stdout.write(
    epilogue(archives.items, exampleOf(archives.items, verified.items), place, surroundings.invocation),
  );
  return verified.exitCode;
}

/** Read in the demo's own folder and with no variables but its own: a real configuration nearby must not get mixed in. */
async function demoConfig(sandbox: RunningSandbox, directory: string, command: Command): Promise<Config> {
  await requireFolder(directory);
  const env = {
    ARCHIVER_LOG_FORMAT: 'pretty',
    ...sandbox.environment,
    ARCHIVER_DESTINATION: pathToFileURL(directory).href,
  };
  return configOf(command, { env, cwd: directory });
}

/** Looked at before the run, which would tell of each backup that it has no place. */
async function requireFolder(directory: string): Promise<void> {
  try {
    await makeFolder(directory, modesOf().folder);
    await rmdir(await mkdtemp(join(directory, '.rdb-archiver-trial-')));
  } catch (cause) {
    throw new ArchiverError('usage', `the archive cannot go to ${directory}`, {
      hint: 'Name a folder with --dir that you may make, or that is there and may be written to.',
      cause,
    });
  }
}

/** The newest of which there is nothing to say: what the cloud has encrypted no tool reads. */
function exampleOf(
  archives: readonly ArchiveItem[],
  verified: readonly VerifyItem[],
): ArchiveItem | undefined {
  const plain = new Set(verified.filter(({ detail }) => detail === '').map(({ backupId }) => backupId));
  return archives
    .filter(({ backupId }) => plain.has(backupId))
    .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))[0];
}

function epilogue(
  archives: readonly ArchiveItem[],
  newest: ArchiveItem | undefined,
  place: string,
  invocation: string,
): string {
  if (newest === undefined) return '';
  const bytes = archives.reduce((sum, archive) => sum + archive.bytes, 0);
  const instances = new Set(archives.map(({ instanceId }) => instanceId)).size;
  const dumps = join(place, 'data', newest.source, newest.instanceId, '*', '*.rdb');
  return `
${counted(archives.length, 'backup')} of ${counted(instances, 'instance')}, ${humanSize(bytes)}, now lie in ${place}:
  the dumps      ${join(place, 'data')}
  the manifests  ${join(place, 'catalog')}, for instance
                 ${join(place, newest.manifest)}

Try next:
  # once more: nothing is moved twice
  ${invocation} demo --dir ${place}
  # the dumps are what the cloud gave, byte for byte; the manifests know it
  redis-check-rdb ${dumps}
  sha256sum ${dumps}
  # the stand-in alone, to point your own configuration at
  ${invocation} sandbox
  # your own account: fill in .env (as .env.example shows), then look
  ${invocation} plan
`;
}
