/** `drill`: proves that an archive can be restored, by loading it into a throw-away server. */

import { type Command, InvalidArgumentError } from 'commander';
import { ArchiverError } from '../../domain/errors.ts';
import { printable } from '../../domain/outside-text.ts';
import type { DrillChoice, DrillItem, DrillRequest, SampleSize, ServerTrial } from '../../drill/report.ts';
import { counted, humanTime, readable } from '../../report/amounts.ts';
import { redact } from '../../report/redact.ts';
import type { Column } from '../../report/terminal/table.ts';
import { ARCHIVE_CODES, exitSection } from '../exit-codes.ts';
import { openRows, type RowsOptions, withRowsOptions } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Output, Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

interface DrillOptions extends RowsOptions {
  readonly source?: string;
  readonly sample?: SampleSize;
  readonly server?: readonly string[];
}

export function addDrill(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  const { stderr } = surroundings;
  const drill = program
    .command('drill')
    .summary('prove that an archive can be restored')
    .description(
      'Restore test: loads an archive into a throw-away redis-server or valkey-server on a private socket, compares every database with the dump, asks what `drill.rules` of the configuration demand, and keeps the result below PREFIX/state/drill/. Needs room on disk and in memory for the largest dump (docs/drill.md).',
    )
    .argument('[instance]', 'whose archive, by id')
    .argument('[backup]', 'which of them, by id (default: the newest)')
    .option('--source <name>', 'where several sources have archives of the instance')
    .option(
      '--sample <size>',
      'so many archives instead, or a share (5%) of all: those that are due',
      parseSample,
    )
    .option(
      '--server <program>',
      'path or name of the server; may be given again, the one that fits is taken (default: of the configured ones and those in PATH)',
      (path: string, before: readonly string[] = []) => [...before, path],
    );
  withRowsOptions(drill)
    .addHelpText('after', exitSection(ARCHIVE_CODES))
    .action(
      async (
        instanceId: string | undefined,
        backupId: string | undefined,
        options: DrillOptions,
        command: Command,
      ) => {
        const { server: servers } = options;
        const progress = progressLine(stderr);
        const config = await configOf(command, surroundings);
        const rows = openRows(
          { form: options, name: 'drill', columns: drillColumns, empty: 'No archive was drilled.' },
          surroundings,
        );
        const request = {
          ...choiceOf(instanceId, backupId, options),
          ...(servers !== undefined && { servers }),
          signal: surroundings.signal,
          tell: progress.tell,
          async each(item: DrillItem) {
            progress.clear();
            await rows.row(item);
          },
        };
        const listing = await withQuietApp(config, surroundings, (app) => app.drill(request)).finally(
          progress.clear,
        );
        const { items } = listing;
        await rows.end({ ...listing, items: items.slice(rows.count()) });
        if (options.json !== true) stderr.write(redact(drillStory(items)));
        finish(listing.exitCode);
      },
    );
}

const drillColumns: readonly Column<DrillItem>[] = [
  { title: 'RESULT', value: ({ outcome, partial }) => (partial ? `${outcome} in part` : outcome) },
  { title: 'INSTANCE', value: ({ instanceId }) => instanceId },
  { title: 'BACKUP', value: ({ backupId }) => backupId },
  { title: 'STARTED (UTC)', value: ({ startedAt }) => readable(startedAt), optional: true },
  { title: 'KEYS', value: ({ keys }) => keys, align: 'right' },
  { title: 'EXPIRED', value: ({ expired }) => expired, align: 'right' },
  { title: 'SERVER', value: ({ server = '' }) => server, optional: true },
  { title: 'TOOK', value: ({ durationMs }) => humanTime(durationMs), align: 'right', optional: true },
];

/** What the table has no room for: why one did not pass and what to do, which server was taken, what was asked, and how many there were. */
function drillStory(items: readonly DrillItem[]): string {
  const lines = items.flatMap(storyOf);
  const asked = items.reduce((sum, { assertions }) => sum + assertions.length, 0);
  const held = items.reduce((sum, { assertions }) => sum + assertions.filter(({ ok }) => ok).length, 0);
  const demands = asked === 0 ? '' : `; ${held} of ${counted(asked, 'assertion')} held`;
  const count = (what: string, chosen: (item: DrillItem) => boolean): string => {
    const some = items.filter(chosen).length;
    return some === 0 ? '' : `, ${some} ${what}`;
  };
  const passed = count('passed', ({ outcome, partial }) => outcome === 'passed' && !partial);
  const inPart = count('passed in part', ({ outcome, partial }) => outcome === 'passed' && partial === true);
  const failed = count('failed', ({ outcome }) => outcome === 'failed');
  const untried = count('not-drillable', ({ outcome }) => outcome === 'not-drillable');
  if (items.length > 0)
    lines.push(`${counted(items.length, 'archive')} drilled${passed}${inPart}${failed}${untried}${demands}`);
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function storyOf({ instanceId, backupId, outcome, reason, detail, hint = '', trials }: DrillItem): string[] {
  const which = `${instanceId} ${backupId}`;
  if (outcome !== 'passed') return [`${which}: ${reason}: ${detail}`, ...serversOf(trials), `  ${hint}`];
  const remark = detail === '' ? [] : [`${which}: ${detail}`];
  const servers = serversOf(trials);
  return servers.length > 0 && remark.length === 0
    ? [`${which}: passed`, ...servers]
    : [...remark, ...servers];
}

/** Which server was taken and why, where there was a choice or it took more than a start. */
function serversOf(trials: readonly ServerTrial[]): string[] {
  const files = Map.groupBy(trials, ({ file }) => file);
  return [...files].flatMap(([file, tried]) =>
    tried.length === 1 && !tried.some(({ relaxed }) => relaxed)
      ? []
      : tried.map(
          ({ server, path, result, detail }) =>
            `  ${files.size > 1 ? `${file}: ` : ''}${server} (${path}): ${result}: ${detail}`,
        ),
  );
}

function choiceOf(
  instanceId: string | undefined,
  backupId: string | undefined,
  { sample, source }: DrillOptions,
): DrillChoice {
  if (sample !== undefined) {
    if (instanceId === undefined && source === undefined) return { sample };
    throw new ArchiverError('usage', '--sample chooses by itself, so no instance or source goes with it');
  }
  if (instanceId === undefined)
    throw new ArchiverError('usage', 'drill needs an instance, or --sample', {
      hint: '`rdb-archiver list archives` shows what there is; `rdb-archiver drill --sample 1` takes one that is due.',
    });
  return {
    instanceId,
    ...(backupId !== undefined && { backupId }),
    ...(source !== undefined && { source }),
  };
}

/** `5` archives, or `5%` of them. */
function parseSample(text: string): SampleSize {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const value = Number(number);
  const valid = percent === '%' ? value > 0 && value <= 100 : Number.isInteger(value) && value > 0;
  if (number === undefined || !valid)
    throw new InvalidArgumentError('A number of archives (5), or a share of them (5%).');
  return percent === '%' ? { percent: value } : { count: value };
}

/** One line that is written over and over, at a terminal only. */
function progressLine({ terminal }: Output): {
  readonly tell: NonNullable<DrillRequest['tell']>;
  readonly clear: () => void;
} {
  let shown = '';
  const show = (line: string): void => {
    if (terminal === undefined || line === shown) return;
    shown = line;
    terminal.write(`\r\u001b[2K${line.slice(0, Math.max(0, terminal.columns - 1))}`);
  };
  return {
    tell:
      ({ instanceId, backupId }) =>
      ({ what, share }) =>
        show(`${instanceId} ${backupId}: ${what}, ${Math.floor(share * 100)}%`),
    clear: () => show(''),
  };
}
