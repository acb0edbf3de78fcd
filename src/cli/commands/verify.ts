/** `verify`: archives against their manifests. */
import type { Command } from 'commander';
import type { VerifyItem } from '../../domain/listing.ts';
import { counted, humanSize } from '../../report/amounts.ts';
import { readable } from '../../report/closing.ts';
import type { Column } from '../../report/table.ts';
import { EXIT, exitSection } from '../exit-codes.ts';
import { printListing, sourceColumn } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

export function addVerify(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  program
    .command('verify')
    .summary('check archives against their manifests')
    .description('Archives against their manifests. Reads every byte again, unless --quick.')
    .argument('[instance]', 'only archives of this instance, by id')
    .argument('[backup]', 'only this backup of it')
    .option('--quick', 'ask the store for sizes and checksums instead of reading')
    .option('--json', 'one JSON document instead of a table')
    .addHelpText('after', exitSection(VERIFY_CODES))
    .action(
      async (
        instanceId: string | undefined,
        backupId: string | undefined,
        options: VerifyOptions,
        command: Command,
      ) => {
        const { quick = false, json = false } = options;
        const choice = {
          quick,
          signal: surroundings.signal,
          ...(instanceId === undefined ? {} : { instanceId }),
          ...(backupId === undefined ? {} : { backupId }),
        };
        const config = await configOf(command, surroundings);
        const listing = await withQuietApp(config, surroundings, (app) => app.verify(choice));
        const columns = [...sourceColumn(listing.items), ...verifyColumns];
        printListing(
          listing,
          { name: 'verify', columns, json, empty: 'There are no archives.' },
          surroundings,
        );
        if (!json && listing.items.length > 0) surroundings.stderr.write(`${verifyTotals(listing.items)}\n`);
        finish(listing.exitCode);
      },
    );
}

interface VerifyOptions {
  readonly quick?: boolean;
  readonly json?: boolean;
}

const VERIFY_CODES = [
  EXIT.done,
  EXIT.bug,
  EXIT.usage,
  EXIT.incomplete,
  EXIT.damaged,
  EXIT.storeRefused,
  EXIT.interrupted,
  EXIT.terminated,
];

export const verifyColumns: readonly Column<VerifyItem>[] = [
  { title: 'RESULT', value: ({ result }) => result },
  { title: 'INSTANCE', value: ({ instanceId }) => instanceId },
  { title: 'BACKUP', value: ({ backupId }) => backupId },
  { title: 'STARTED (UTC)', value: ({ startedAt }) => readable(startedAt), optional: true },
  { title: 'FILES', value: ({ files }) => files, align: 'right', optional: true },
  { title: 'DETAIL', value: ({ detail }) => detail, flexible: true },
];

/** `9 archives verified, 12.3 MiB read: all ok` */
export function verifyTotals(items: readonly VerifyItem[]): string {
  const wrong = items.filter(({ result }) => result !== 'ok').length;
  const read = items.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const amount = read === 0 ? '' : `, ${humanSize(read)} read`;
  return `${counted(items.length, 'archive')} verified${amount}: ${wrong === 0 ? 'all ok' : `${wrong} not ok`}`;
}
