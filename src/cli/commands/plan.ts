/** `plan`: what `run` would do now, and why not for the rest. */
import type { Command } from 'commander';
import type { PlanItem } from '../../list/report.ts';
import { counted, readable } from '../../report/amounts.ts';
import type { Column } from '../../report/terminal/table.ts';
import { exitSection, WORKING_CODES } from '../exit-codes.ts';
import { printListing, sourceColumn } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

export function addPlan(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  program
    .command('plan')
    .summary('show what `run` would do now')
    .description('What `run` would do now, and why not for the rest. Moves nothing.')
    .option('--json', 'one JSON document instead of a table')
    .addHelpText('after', exitSection(WORKING_CODES))
    .action(async ({ json = false }: { json?: boolean }, command: Command) => {
      const config = await configOf(command, surroundings);
      const listing = await withQuietApp(config, surroundings, (app) =>
        app.plan({ signal: surroundings.signal }),
      );
      const columns = [...sourceColumn(listing.items), ...planColumns];
      printListing(
        listing,
        { name: 'plan', columns, json, empty: 'There is no backup to consider.' },
        surroundings,
      );
      if (!json && listing.items.length > 0) surroundings.stderr.write(`${planTotals(listing.items)}\n`);
      finish(listing.exitCode);
    });
}

const planColumns: readonly Column<PlanItem>[] = [
  { title: 'PLAN', value: planned },
  { title: 'INSTANCE', value: ({ instanceId }) => instanceId },
  { title: 'BACKUP', value: ({ backupId }) => backupId },
  { title: 'GONE AFTER (UTC)', value: ({ deadline }) => readable(deadline) },
  { title: 'STARTED (UTC)', value: ({ startedAt }) => readable(startedAt), optional: true },
  { title: 'NAME', value: ({ instanceName }) => instanceName, flexible: true, optional: true },
];

function planTotals(items: readonly PlanItem[]): string {
  const count = (wanted: PlanItem['action']): number =>
    items.filter(({ action }) => action === wanted).length;
  const keyless = items.filter(({ key }) => key === 'not-kept').length;
  const keys =
    keyless === 0 ? '' : `; ${counted(keyless, 'backup')} encrypted by the cloud, whose key is not kept`;
  return `${counted(count('archive'), 'backup')} to archive, ${count('skip')} to skip, ${count('fail')} that cannot be archived${keys}`;
}

/** `archive`, the reason to skip it, or why it cannot be archived any more. */
function planned({ action, reason, key }: PlanItem): string {
  if (action === 'archive')
    return key === null ? action : `${action}, key ${key === 'sealed' ? key : 'not kept'}`;
  return action === 'fail' ? `failed: ${reason}` : (reason ?? action);
}
