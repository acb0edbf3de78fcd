/** `inspect`: what is in a dump. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { ArchiverError } from '../../domain/errors.ts';
import { harmlessJson, printable } from '../../domain/outside-text.ts';
import type { InspectReport } from '../../inspect/report.ts';
import { redact } from '../../report/redact.ts';
import { ARCHIVE_CODES, exitSection } from '../exit-codes.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';
import { inspectText } from './inspect-text.ts';

interface InspectOptions {
  readonly source?: string;
  readonly top: number;
  readonly json?: boolean;
}

const STANDARD_INPUT = '-';
const DEFAULT_TOP = 10;
const MOST_TOP = 1000;
/** Where nobody knows the width: piped, or in a log. */
const DEFAULT_WIDTH = 80;

export function addInspect(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  program
    .command('inspect')
    .summary('show what is in a dump')
    .description(
      'What is in a dump: keys by database and type, expiries, the largest keys, prefixes of names. Reads the archive (or the file), needs no server.',
    )
    .argument(
      '<instance>',
      'its id; or a file: a path that is there, holds a slash or ends in .rdb; or - for standard input. A file needs no configuration',
    )
    .argument('[backup]', 'its id; the newest archive of the instance where absent')
    .option('--source <name>', 'the source to look in, where several have archives of this instance')
    .option('--top <number>', 'so many of the largest keys, and of the prefixes', parseTop, DEFAULT_TOP)
    .option('--json', 'one JSON document instead of tables')
    .addHelpText('after', exitSection(ARCHIVE_CODES))
    .action(
      async (subject: string, backupId: string | undefined, options: InspectOptions, command: Command) => {
        const report = isFile(subject, backupId, surroundings.cwd)
          ? await ofFile(subject, backupId, options, surroundings)
          : await ofArchive(subject, backupId, options, command, surroundings);
        print(report, options, surroundings);
        finish(report.exitCode);
      },
    );
}

function isFile(subject: string, backupId: string | undefined, cwd: string): boolean {
  if (subject === STANDARD_INPUT || subject.includes('/') || subject.endsWith('.rdb')) return true;
  return (
    backupId === undefined && statSync(resolve(cwd, subject), { throwIfNoEntry: false })?.isFile() === true
  );
}

function ofFile(
  subject: string,
  backupId: string | undefined,
  { source, top }: InspectOptions,
  { inspectFile, clock, cwd, signal }: Surroundings,
): Promise<InspectReport> {
  if (backupId !== undefined || source !== undefined)
    throw new ArchiverError('usage', `${subject} is a file, and so has no backups and no source`);
  const path = subject === STANDARD_INPUT ? subject : resolve(cwd, subject);
  return inspectFile({ path, name: subject, asOf: clock.now(), top, signal });
}

async function ofArchive(
  instanceId: string,
  backupId: string | undefined,
  { source, top }: InspectOptions,
  command: Command,
  surroundings: Surroundings,
): Promise<InspectReport> {
  const config = await configOf(command, surroundings);
  const request = {
    instanceId,
    top,
    signal: surroundings.signal,
    ...(backupId === undefined ? {} : { backupId }),
    ...(source === undefined ? {} : { source }),
  };
  return withQuietApp(config, surroundings, (app) => app.inspect(request));
}

function print(
  report: InspectReport,
  { json }: InspectOptions,
  { stdout, stderr }: Pick<Surroundings, 'stdout' | 'stderr'>,
): void {
  const { archive, total, items, problems } = report;
  if (json)
    stdout.write(
      `${harmlessJson(JSON.stringify({ schema: 'rdb-archiver/inspect@1', archive, total, items }, undefined, 2))}\n`,
    );
  else if (items.length > 0) stdout.write(inspectText(report, stdout.columns ?? DEFAULT_WIDTH));
  for (const { message, hint } of problems)
    stderr.write(`${redact(`rdb-archiver: ${printable(message)}\n  ${printable(hint)}`)}\n`);
}

function parseTop(text: string): number {
  const top = Number(text);
  if (!/^\d+$/.test(text) || top > MOST_TOP)
    throw new InvalidArgumentError(`Give a number from 0 to ${MOST_TOP}.`);
  return top;
}
