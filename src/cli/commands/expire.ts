/** `expire`: retention. Prints what would go and why the rest stays, and deletes only with `--confirm`. */

import type { Command } from 'commander';
import { printable } from '../../domain/outside-text.ts';
import type { ExpireItem, ExpireReport, KeepCause, KeepReason } from '../../expire/report.ts';
import { counted, humanSize, readable } from '../../report/amounts.ts';
import type { Column } from '../../report/terminal/table.ts';
import { ARCHIVE_CODES, exitSection } from '../exit-codes.ts';
import { openRows, type RowPrinter, type RowsOptions, withRowsOptions } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Output, Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

interface ExpireOptions extends RowsOptions {
  readonly confirm?: boolean;
}

export function addExpire(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  const command = program
    .command('expire')
    .summary('show what the retention lets go; delete it with --confirm')
    .description(
      'Which archives the configured retention keeps, why, and which may go. Deletes nothing, unless --confirm. The newest archives, those that are held or locked, and those that the cloud still has always stay.',
    )
    .argument('[instance]', 'only archives of this instance, by id')
    .option('--confirm', 'delete what may go');
  withRowsOptions(command)
    .addHelpText('after', exitSection(ARCHIVE_CODES))
    .action(async (instanceId: string | undefined, options: ExpireOptions, used: Command) => {
      const { confirm = false } = options;
      const { stderr, signal } = surroundings;
      const config = await configOf(used, surroundings);
      const rows = openRows(
        { form: options, name: 'expire', columns, empty: 'There are no archives.' },
        surroundings,
      );
      const totals = createTotals();
      const request = {
        confirm,
        signal,
        onRemoval: (item: ExpireItem): void => void stderr.write(`${removalLine(item)}\n`),
        async each(item: ExpireItem) {
          totals.add(item);
          await rows.row(item);
        },
        ...(instanceId !== undefined && { instanceId }),
      };
      const report = await withQuietApp(config, surroundings, (app) => app.expire(request));
      report.items.forEach(totals.add);
      await print(report, totals.sums, rows, { json: options.json === true, stderr });
      finish(report.exitCode);
    });
}

async function print(
  report: ExpireReport,
  totals: Totals['sums'],
  rows: RowPrinter<ExpireItem>,
  { json, stderr }: { readonly json: boolean; readonly stderr: Output },
): Promise<void> {
  const { confirmed, bytesStay } = report;
  await rows.end(report, { confirmed, bytesStay, totals });
  if (json || rows.count() === 0) return;
  const { kept, going, failed } = totals;
  const parts = [
    `kept ${amountOf(kept)}`,
    `${confirmed ? 'expired' : 'would expire'} ${amountOf(going)}`,
    ...(failed.archives > 0 ? [`failed ${amountOf(failed)}`] : []),
  ];
  stderr.write(`${parts.join('; ')}\n`);
  if (!confirmed && going.archives > 0) stderr.write('Nothing was deleted. `expire --confirm` does it.\n');
  if (bytesStay)
    stderr.write(
      'note: the bucket keeps deleted versions, so their bytes stay until a lifecycle rule of the bucket removes them.\n',
    );
}

/** Dumps in quarantine are counted as the archives that they failed to become. */
interface Sum {
  archives: number;
  bytes: number;
}

interface Totals {
  readonly sums: Readonly<Record<'kept' | 'going' | 'failed', Readonly<Sum>>>;
  readonly add: (item: ExpireItem) => void;
}

function createTotals(): Totals {
  const sum = (): Sum => ({ archives: 0, bytes: 0 });
  const sums = { kept: sum(), going: sum(), failed: sum() };
  const of = { keep: sums.kept, expire: sums.going, expired: sums.going, failed: sums.failed };
  return {
    sums,
    add({ action, bytes }) {
      of[action].archives += 1;
      of[action].bytes += bytes;
    },
  };
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
