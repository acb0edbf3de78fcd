/** `status`: how safe every instance is; what an external monitor runs. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../config/units.ts';
import { ArchiverError } from '../../domain/errors.ts';
import { type FileAccess, modesOf } from '../../domain/file-access.ts';
import { type InstanceStatus, STATUS_DEFAULTS, type StatusReport } from '../../domain/status.ts';
import { counted, humanSize, humanTime, readable } from '../../report/amounts.ts';
import type { Column } from '../../report/terminal/table.ts';
import { EXIT, exitSection, WORKING_CODES } from '../exit-codes.ts';
import { openRows, printListing, type RowsOptions, sourceColumn, withRowsOptions } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

interface StatusOptions extends RowsOptions {
  /** Milliseconds. */
  readonly maxAge?: number;
  readonly days?: number;
  readonly includeVanished?: boolean;
  readonly sizes?: boolean;
  readonly html?: string;
}

const HOUR_MS = 3_600_000;
const MOST_DAYS = 3660;

export function addStatus(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  const status = program
    .command('status')
    .summary('show how safe every instance is')
    .description(
      'How safe every instance is: its newest archive, and what is not archived before the cloud deletes it. Worst first. Moves nothing.',
    )
    .option(
      '--max-age <time>',
      `how old the newest archive may be (default: ${STATUS_DEFAULTS.maxAgeMs / HOUR_MS}h)`,
      parseAge,
    )
    .option('--include-vanished', 'instances that the cloud no longer has can be stale too')
    .option(
      '--days <number>',
      `how far to look back in the catalog (default: ${STATUS_DEFAULTS.daysBack})`,
      parseDays,
    )
    .option(
      '--sizes',
      'how many bytes there are, too: reads every manifest that the index does not have, one request each',
    );
  withRowsOptions(status)
    .option('--html <file>', 'write a page for people, too')
    .addHelpText('after', exitSection(STATUS_CODES))
    .action(async (options: StatusOptions, command: Command) => {
      const { html } = options;
      const request = {
        maxAgeMs: options.maxAge ?? STATUS_DEFAULTS.maxAgeMs,
        daysBack: options.days ?? STATUS_DEFAULTS.daysBack,
        includeVanished: options.includeVanished ?? STATUS_DEFAULTS.includeVanished,
        // A monitor that asks every few minutes need not read a manifest for every archive each time.
        manifestReads: options.sizes === true ? Number.POSITIVE_INFINITY : 0,
        signal: surroundings.signal,
      };
      const config = await configOf(command, surroundings);
      const report = await withQuietApp(config, surroundings, (app) => app.status(request));
      if (html !== undefined)
        await writePage({ file: html, access: config.fileAccess }, report, surroundings);
      await print(report, options, surroundings);
      finish(report.exitCode);
    });
}

const STATUS_CODES = [...WORKING_CODES, EXIT.damaged, EXIT.endangered].sort((left, right) => left - right);

async function print(report: StatusReport, form: RowsOptions, surroundings: Surroundings): Promise<void> {
  const { json = false, jsonl = false } = form;
  const { generatedAt, maxAgeMs, daysBack, instances, warnings, problems } = report;
  const warned = warnings.map(({ message, hint }) => ({ message: `warning: ${message}`, hint }));
  const listing = { items: instances, problems: [...problems, ...warned], exitCode: report.exitCode };
  if (jsonl) return openRows({ form, name: 'status', columns, empty: '' }, surroundings).end(listing);
  printListing(
    listing,
    {
      name: 'status',
      columns: [
        ...sourceColumn(instances),
        ...columns.filter(
          (column) =>
            (column !== SIZE || sized(instances)) &&
            (column !== KEYLESS || instances.some(({ keyless }) => keyless !== undefined)),
        ),
      ],
      json,
      empty: 'There is no instance.',
      about: { generatedAt, maxAgeMs, daysBack, warnings },
    },
    surroundings,
  );
  if (!json && instances.length > 0) surroundings.stderr.write(`${totals(instances)}\n`);
}

/** The page's module is loaded here and not above: a monitor does not need it. */
async function writePage(
  { file, access }: { readonly file: string; readonly access: FileAccess },
  report: StatusReport,
  { cwd, version }: Surroundings,
): Promise<void> {
  const { renderPage } = await import('../../report/page/page.ts');
  try {
    writeFileSync(resolve(cwd, file), renderPage({ report, runs: [], version }), {
      mode: modesOf(access).file,
    });
  } catch (cause) {
    throw new ArchiverError('usage', `the page cannot be written to ${file}`, {
      hint: 'Name a file in a folder that is there and can be written to.',
      cause,
    });
  }
}

function ageText(ageMs: number | undefined): string {
  if (ageMs === undefined) return '';
  return ageMs < 60_000 ? 'less than a minute' : humanTime(ageMs);
}

type State = 'at risk' | 'stale' | 'vanished' | 'fresh';

const SIZE: Column<InstanceStatus> = {
  title: 'SIZE',
  value: ({ bytes }) => (bytes === undefined ? '' : humanSize(bytes)),
  align: 'right',
  optional: true,
};

const KEYLESS: Column<InstanceStatus> = {
  title: 'WITHOUT KEY',
  value: ({ keyless }) => keyless?.archives ?? '',
  align: 'right',
};

const columns: readonly Column<InstanceStatus>[] = [
  { title: 'STATUS', value: stateOf },
  { title: 'INSTANCE', value: ({ instanceId }) => instanceId },
  { title: 'NEWEST (UTC)', value: ({ newest }) => (newest ? readable(newest.startedAt) : 'none') },
  { title: 'AGE', value: ({ ageMs }) => ageText(ageMs), align: 'right' },
  { title: 'NOT ARCHIVED', value: openText, align: 'right' },
  { title: 'HOURS LEFT', value: hoursLeft, align: 'right' },
  { title: 'ARCHIVES', value: ({ archives }) => archives, align: 'right', optional: true },
  KEYLESS,
  SIZE,
  { title: 'NAME', value: ({ name }) => name, flexible: true, optional: true },
];

function stateOf({ open, stale, vanished }: InstanceStatus): State {
  if (open.some(({ atRisk }) => atRisk)) return 'at risk';
  if (stale) return 'stale';
  return vanished ? 'vanished' : 'fresh';
}

/** Whether any size was asked for; an instance without archives has none in any case. */
function sized(instances: readonly InstanceStatus[]): boolean {
  return instances.some(({ archives, bytes }) => archives > 0 && bytes !== undefined);
}

/** `3`, or `3 (1 damaged)`; nothing where all is archived. */
function openText({ open }: InstanceStatus): string {
  const damaged = open.filter(({ quarantined }) => quarantined).length;
  if (open.length === 0) return '';
  return damaged === 0 ? String(open.length) : `${open.length} (${damaged} damaged)`;
}

/** Until the cloud deletes the first of those that can still be had. */
function hoursLeft({ open }: InstanceStatus): string {
  const hours = open.filter(({ state }) => state !== 'expired').map((backup) => backup.hoursLeft);
  return hours.length === 0 ? '' : String(Math.min(...hours));
}

/** `4 instances: 1 at risk, 1 stale, 2 fresh` */
function totals(instances: readonly InstanceStatus[]): string {
  const states = Map.groupBy(instances, stateOf);
  const parts = (['at risk', 'stale', 'fresh', 'vanished'] as const).flatMap((state) => {
    const count = states.get(state)?.length ?? 0;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  return `${counted(instances.length, 'instance')}: ${parts.join(', ')}`;
}

function parseAge(text: string): number {
  const age = parseDuration(text);
  if (age === undefined || age <= 0) throw new InvalidArgumentError('A time is written 26h, 90m or 2d.');
  return age;
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1 || days > MOST_DAYS)
    throw new InvalidArgumentError(`A number of days is from 1 to ${MOST_DAYS}.`);
  return days;
}
