/** `restore`: an archive's dumps to a folder or to standard output, proved on the way. */
import { relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { ArchiverError } from '../../domain/errors.ts';
import { lastInstantOf, type Moment, parseMoment } from '../../domain/moment.ts';
import { harmlessJson, printable } from '../../domain/outside-text.ts';
import { redact } from '../../report/redact.ts';
import type { Bars } from '../../report/terminal/bars.ts';
import type { ChosenArchive, RestoreProgress, RestoreReport, RestoreTarget } from '../../restore/report.ts';
import { ARCHIVE_CODES, exitSection } from '../exit-codes.ts';
import { configOf } from '../options.ts';
import type { Output, Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';
import { chosenLine, EXAMPLES, nextSteps, restoredLines } from './restore-text.ts';

interface RestoreOptions {
  readonly to?: string;
  readonly decrypt?: boolean;
  readonly key?: string;
  readonly at?: { readonly text: string; readonly moment: Moment };
  readonly source?: string;
  readonly shard?: number;
  readonly json?: boolean;
}

export function addRestore(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  program
    .command('restore')
    .summary("write an archive's dumps to a folder or standard output")
    .description(
      "An archive's dumps, as the cloud gave them. Size, SHA-256 and RDB format are checked on the way; " +
        'a dump gets its name only when all are right. What was interrupted goes on when it is run again.',
    )
    .argument('<instance>', 'its id, for instance crs-abcd1234')
    .argument('[backup]', 'its id, or `latest`: the newest archive (default: latest)')
    .option('--to <dir|->', 'the folder, made where it is not there; `-` is standard output')
    .option('--decrypt', 'take the encryption of the cloud off, where it put one on')
    .option('--key <file>', "hand the encrypted backup's key out, to a new file that only you can read")
    .option(
      '--at <time>',
      'the newest archive started then or before: a date is that whole day in the configured time zone; ISO 8601, UTC unless it names a zone, for instance 2026-11-17T08:00+08:00',
      momentOf,
    )
    .option('--shard <n>', 'only this dump of a backup that has several, from 1', shardOf)
    .option('--source <name>', 'the source to look in, where several have archives of this id')
    .option('--json', 'one JSON document instead of text')
    .addHelpText('after', `${EXAMPLES}${exitSection(ARCHIVE_CODES)}`)
    .action(
      async (instanceId: string, backupId: string | undefined, options: RestoreOptions, command: Command) => {
        const { json = false, to, key, decrypt, at, source, shard } = options;
        if (to === undefined && key === undefined)
          throw new ArchiverError('usage', 'nothing says where the dumps go', {
            hint: 'Give a folder to --to, or `-` for standard output; --key FILE alone hands out the key of an encrypted backup.',
          });
        if (to === undefined && decrypt === true)
          throw new ArchiverError('usage', '--decrypt opens dumps, and nothing says where they go', {
            hint: 'Give a folder to --to, or `-` for standard output.',
          });
        const target = to === undefined ? undefined : targetOf(to, json, surroundings);
        const config = await configOf(command, surroundings);
        const { timezone } = config;
        const bars = await barsOn(surroundings);
        const request = {
          instanceId,
          ...(target && { to: target }),
          ...(decrypt !== undefined && { decrypt }),
          ...(key !== undefined && { keyFile: resolve(surroundings.cwd, key) }),
          signal: surroundings.signal,
          onProgress: bars.show,
          onChosen: (chosen: ChosenArchive) =>
            surroundings.stderr.write(chosenLine(chosen, { instanceId, at: at?.text ?? '', timezone })),
          ...(backupId !== undefined && { backupId }),
          ...(at !== undefined && { at: lastInstantOf(at.moment, timezone) }),
          ...(source !== undefined && { source }),
          ...(shard !== undefined && { shard }),
        };
        const report = await withQuietApp(config, surroundings, (app) => app.restore(request)).finally(
          bars.close,
        );
        print(report, { target, json, timezone }, surroundings);
        finish(report.exitCode);
      },
    );
}

function momentOf(text: string): NonNullable<RestoreOptions['at']> {
  const moment = parseMoment(text);
  if (moment === undefined)
    throw new InvalidArgumentError(
      'A time is for instance 2026-11-17 (that day), 2026-11-17T08:00 (UTC) or 2026-11-17T08:00+08:00.',
    );
  return { text: text.trim(), moment };
}

function shardOf(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Shards are counted from 1.');
  return Number(text);
}

function targetOf(to: string, json: boolean, { stdout, cwd }: Surroundings): RestoreTarget {
  if (to !== '-') return { kind: 'folder', directory: resolve(cwd, to) };
  if (json)
    throw new ArchiverError('usage', '--to - and --json both want standard output', {
      hint: 'The JSON document comes with a folder.',
    });
  if (stdout.isTTY)
    throw new ArchiverError('usage', 'a dump is nothing to look at, and standard output is a terminal', {
      hint: 'Send it on (`… --to - > dump.rdb`), or give a folder to --to.',
    });
  return { kind: 'stream', write: (chunk) => sendTo(stdout, chunk) };
}

async function sendTo(stdout: Output, chunk: Uint8Array): Promise<void> {
  try {
    await stdout.writeBytes(chunk);
  } catch (error) {
    const gone = (error as NodeJS.ErrnoException).code === 'EPIPE';
    throw new ArchiverError(
      'restore-failed',
      gone
        ? 'whoever read standard output went away before the dump had come to its end'
        : `cannot write to standard output: ${(error as Error).message}`,
      {
        hint: gone ? 'The reader has an incomplete dump.' : 'What was written is incomplete: do not use it.',
      },
    );
  }
}

interface ProgressBars {
  show(progress: RestoreProgress): void;
  close(): void;
}

/** Bars at a terminal, from the first byte on; nothing where nobody looks. */
async function barsOn({ stderr, clock }: Surroundings): Promise<ProgressBars> {
  const { terminal } = stderr;
  if (terminal === undefined) return { show: () => undefined, close: () => undefined };
  const { createBars } = await import('../../report/terminal/bars.ts');
  let bars: Bars | undefined;
  const seen = new Set<number>();
  return {
    show({ index, file, size, position, ended }) {
      bars ??= createBars(terminal, clock);
      if (!seen.has(index)) {
        bars.begin(index, file, size);
        bars.expect(seen.add(index).size, 'dump');
      }
      bars.move(index, position);
      if (!ended) return;
      bars.end(index);
      bars.done();
    },
    close: () => bars?.stop(),
  };
}

/** With a folder the result goes to standard output, and else to standard error: the dump alone is on the other. */
function print(
  report: RestoreReport,
  {
    target,
    json,
    timezone,
  }: { readonly target: RestoreTarget | undefined; readonly json: boolean; readonly timezone: string },
  { stdout, stderr, cwd }: Surroundings,
): void {
  const { problems, exitCode: _, ...document } = report;
  if (json)
    stdout.write(
      `${harmlessJson(JSON.stringify({ schema: 'rdb-archiver/restore@1', ...document }, undefined, 2))}\n`,
    );
  else {
    const place = {
      timezone,
      shown: (path: string) => nearer(path, cwd),
      ...(target?.kind === 'folder' && { directory: target.directory }),
    };
    const out = target?.kind === 'stream' ? stderr : stdout;
    out.write(restoredLines(report, place) + nextSteps(report, place));
  }
  for (const { message, hint } of problems)
    stderr.write(`${redact(`rdb-archiver: ${printable(message)}\n  ${printable(hint)}`)}\n`);
}

/** The path from here, unless it leads upwards. */
function nearer(path: string, cwd: string): string {
  const from = relative(cwd, path);
  return from.startsWith('..') ? path : from || '.';
}
