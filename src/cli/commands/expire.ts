/** `expire`: retention. Prints what would go and why the rest stays, and deletes only with `--confirm`. */

import type { Command } from 'commander';
import { printable } from '../../domain/outside-text.ts';
import type { ExpireItem, ExpireReport, KeepCause, KeepReason } from '../../expire/report.ts';
import { counted, humanSize, readable } from '../../report/amounts.ts';
import type { Column } from '../../report/terminal/table.ts';
import { ARCHIVE_CODES, exitSection } from '../exit-codes.ts';
import { printListing, sourceColumn } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Output, Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

interface ExpireOptions {
  readonly confirm?: boolean;
  readonly json?: boolean;
}

export function addExpire(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  program
    .command('expire')
    .summary('show what the retention lets go; delete it with --confirm')
    .description(
      'Which archives the configured retention keeps, why, and which may go. Deletes nothing, unless --confirm. The newest archives, those that are held or locked, and those that the cloud still has always stay.',
    )
    .argument('[instance]', 'only archives of this instance, by id')
    .option('--confirm', 'delete what may go')
    .option('--json', 'one JSON document instead of a table')
    .addHelpText('after', exitSection(ARCHIVE_CODES))
    .action(async (instanceId: string | undefined, options: ExpireOptions, command: Command) => {
      const { confirm = false, json = false } = options;
      const { stderr, signal } = surroundings;
      const onRemoval = (item: ExpireItem): void => void stderr.write(`${removalLine(item)}\n`);
      const request = { confirm, onRemoval, signal, ...(instanceId !== undefined && { instanceId }) };
      const config = await configOf(command, surroundings);
      const report = await withQuietApp(config, surroundings, (app) => app.expire(request));
      print(report, json, surroundings);
      finish(report.exitCode);
    });
}

function print(
  report: ExpireReport,
  json: boolean,
  streams: { readonly stdout: Output; readonly stderr: Output },
) {
  const { confirmed, bytesStay, items } = report;
  const totals = {
    kept: sumOf(items, ['keep']),
    going: sumOf(items, ['expire', 'expired']),
    failed: sumOf(items, ['failed']),
  };
  printListing(
    report,
    {
      name: 'expire',
      columns: [...sourceColumn(items), ...columns],
      json,
      empty: 'There are no archives.',
      about: { confirmed, bytesStay, totals },
    },
    streams,
  );
  if (json || items.length === 0) return;
  const { kept, going, failed } = totals;
  const parts = [
    `kept ${amountOf(kept)}`,
    `${confirmed ? 'expired' : 'would expire'} ${amountOf(going)}`,
    ...(failed.archives > 0 ? [`failed ${amountOf(failed)}`] : []),
  ];
  streams.stderr.write(`${parts.join('; ')}\n`);
  if (!confirmed && going.archives > 0)
    streams.stderr.write('Nothing was deleted. `expire --confirm` does it.\n');
  if (bytesStay)
    streams.stderr.write(
      'note: the bucket keeps deleted versions, so their bytes stay until a lifecycle rule of the bucket removes them.\n',
    );
}

/** Dumps in quarantine are counted as the archives that they failed to become. */
interface Sum {
  readonly archives: number;
  readonly bytes: number;
}

function sumOf(items: readonly ExpireItem[], actions: readonly ExpireItem['action'][]): Sum {
  const chosen = items.filter(({ action }) => actions.includes(action));
  return { archives: chosen.length, bytes: chosen.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function amountOf({ archives, bytes }: Sum): string {
  return `${counted(archives, 'archive')}, ${humanSize(bytes)}`;
}

/** Told at once, so that the keys stand in the log whatever becomes of the command. */
function removalLine({ action, instanceId, backupId, startedAt, deleted, detail }: ExpireItem): string {
  const what = `${action} ${instanceId} ${backupId} of ${startedAt}`;
  const keys = deleted.length === 0 ? '' : `: deleted ${deleted.join(' ')}`;
  return printable(`${what}${keys}${action === 'failed' ? ` (${detail})` : ''}`);
}

const columns: readonly Column<ExpireItem>[] = [
  { title: 'ACTION', value: ({ action }) => action },
  { title: 'INSTANCE', value: ({ instanceId }) => instanceId },
  // Instance and time name an archive too, and an id can be very long.
  { title: 'BACKUP', value: ({ backupId }) => backupId, optional: true },
  { title: 'STARTED (UTC)', value: ({ startedAt }) => readable(startedAt) },
  { title: 'SIZE', value: ({ bytes }) => humanSize(bytes), align: 'right', optional: true },
  { title: 'REASON', value: why, flexible: true, least: 24 },
];

function why({ kind, damaged, reasons, detail }: ExpireItem): string {
  const flaw = kind === 'quarantine' ? ['in quarantine'] : damaged ? ['damaged'] : [];
  // It is worth a word only where no rule says more.
  const telling = reasons.length > 1 ? reasons.filter(({ cause }) => cause !== 'newest-verified') : reasons;
  return [...flaw, ...telling.map(reasonText), ...(detail === '' ? [] : [detail])].join(', ');
}

const WORDS: Partial<Record<KeepCause, string>> = {
  'newest-verified': 'newest verified',
  'too-few': 'too few sound archives',
  'no-rule': 'no rule for it',
  future: 'from the future',
  'cloud-still-has-it': 'the cloud may still have it',
  unreadable: 'cannot be read',
  elsewhere: 'its files lie elsewhere:',
  'floor-broken': 'a newest archive is not as its manifest says',
  held: 'held:',
  'archived-anew': 'archived anew meanwhile',
  'in-hand': 'another expire has it in hand',
};

function reasonText({ cause, detail }: KeepReason): string {
  return `${WORDS[cause] ?? cause} ${detail}`.trim();
}
