/** `verify`: archives against their manifests. */
import { type Command, InvalidArgumentError } from 'commander';
import { ArchiverError } from '../../domain/errors.ts';
import { counted, humanSize, readable } from '../../report/amounts.ts';
import type { Column } from '../../report/terminal/table.ts';
import type { Rotation, VerifyItem, VerifySummary } from '../../verify/report.ts';
import { ARCHIVE_CODES, exitSection } from '../exit-codes.ts';
import { openRows, type RowsOptions, withRowsOptions } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

export function addVerify(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  const verify = program
    .command('verify')
    .summary('check archives against their manifests')
    .description('Archives against their manifests. Reads every byte again, unless --quick or --sample.')
    .argument('[instance]', 'only archives of this instance, by id')
    .argument('[backup]', 'only this backup of it')
    .option('--quick', 'ask the store for sizes and checksums instead of reading')
    .option(
      '--sample <percent>',
      'read only so much of all bytes, what was not read for longest: 5% a day reads everything within three weeks',
      parsePercent,
    );
  withRowsOptions(verify)
    .addHelpText('after', exitSection(ARCHIVE_CODES))
    .action(
      async (
        instanceId: string | undefined,
        backupId: string | undefined,
        options: VerifyOptions,
        command: Command,
      ) => {
        const { quick = false, sample } = options;
        if (quick && sample !== undefined)
          throw new ArchiverError('usage', '--quick reads nothing, so there is nothing to take a sample of', {
            hint: 'Leave out --quick or --sample.',
          });
        const choice = {
          quick,
          signal: surroundings.signal,
          ...(sample === undefined ? {} : { samplePercent: sample }),
          ...(instanceId === undefined ? {} : { instanceId }),
          ...(backupId === undefined ? {} : { backupId }),
        };
        const config = await configOf(command, surroundings);
        const rows = openRows(
          { form: options, name: 'verify', columns: verifyColumns, empty: 'There are no archives.' },
          surroundings,
        );
        const report = await withQuietApp(config, surroundings, (app) =>
          app.verify({ ...choice, each: rows.row }),
        );
        await rows.end(report, { summary: report.summary });
        if (options.json !== true && rows.count() > 0)
          surroundings.stderr.write(`${verifyTotals(report.summary)}\n`);
        finish(report.exitCode);
      },
    );
}

interface VerifyOptions extends RowsOptions {
  readonly quick?: boolean;
  /** Percent. */
  readonly sample?: number;
}

export const verifyColumns: readonly Column<VerifyItem>[] = [
  { title: 'RESULT', value: ({ result }) => result },
  { title: 'INSTANCE', value: ({ instanceId }) => instanceId },
  { title: 'BACKUP', value: ({ backupId }) => backupId },
  { title: 'STARTED (UTC)', value: ({ startedAt }) => readable(startedAt), optional: true },
  { title: 'FILES', value: ({ files }) => files, align: 'right', optional: true },
  { title: 'DETAIL', value: ({ detail }) => detail, flexible: true },
];

/** `9 archives verified, 12.3 MiB read: all ok`, and of a sample when all of them will have been. */
export function verifyTotals(summary: VerifySummary): string {
  const { depth, archives, damaged, unreadable, bytesRead, rotation } = summary;
  const amount = depth === 'quick' && bytesRead === 0 ? ' without reading' : `, ${humanSize(bytesRead)} read`;
  const of = rotation ? ` of ${counted(rotation.archives, 'archive')}` : '';
  const wrong = [
    ...(damaged > 0 ? [`${damaged} damaged`] : []),
    ...(unreadable > 0 ? [`${unreadable} unreadable`] : []),
  ];
  const verified = rotation ? `${archives}${of}` : counted(archives, 'archive');
  const totals = `${verified} verified${amount}: ${wrong.length === 0 ? 'all ok' : wrong.join(', ')}`;
  return rotation ? `${totals}\n${rotationText(rotation)}` : totals;
}

/** `At one such sample a day every archive will have been read by 2026-12-14; 266 of 280 never were.` */
function rotationText(rotation: Rotation): string {
  const { archives, neverRead, readSince, allReadBy, enoughPercent } = rotation;
  const pace = paceText(rotation);
  const text =
    readSince === undefined
      ? `At ${pace} every archive will have been read by ${allReadBy}; ${neverRead} of ${archives} never were.`
      : `Every archive was read since ${readable(readSince)} UTC; at ${pace} every one will have been read again by ${allReadBy}.`;
  return enoughPercent === undefined
    ? text
    : `${text}\nSo far new archives come in faster than such samples read: --sample ${enoughPercent}% would keep up.`;
}

function paceText({ everyHours, observed }: Rotation): string {
  if (!observed) return 'one such sample a day';
  return everyHours === 24
    ? 'one such sample a day (as until now)'
    : `one such sample every ${everyHours} h (as until now)`;
}

/** With its sign, since a bare number could be one of archives; decimals are fine. */
function parsePercent(text: string): number {
  const percent = Number(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1]);
  if (!(percent > 0 && percent <= 100))
    throw new InvalidArgumentError(
      'A sample is a share of all bytes, for instance 5% or 0.5%, at the most 100%.',
    );
  return percent;
}
