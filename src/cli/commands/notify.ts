/** `notify test`: one message to every configured receiver, and what came of it. */
import { Argument, type Command } from 'commander';
import { ArchiverError } from '../../domain/errors.ts';
import type { NotifyItem } from '../../domain/notification.ts';
import type { Column } from '../../report/terminal/table.ts';
import { EXIT, exitSection, QUIET_CODES, SIGNAL_CODES } from '../exit-codes.ts';
import { printListing } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

export function addNotify(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  program
    .command('notify')
    .summary('send a test message to every receiver')
    .description(
      'One message to every configured receiver of notifications. The heartbeat is left alone: a ping would tell it of a run.',
    )
    .addArgument(new Argument('<what>', 'what to send').choices(['test']))
    .option('--json', 'one JSON document instead of a table')
    .addHelpText('after', exitSection([...QUIET_CODES, EXIT.incomplete, ...SIGNAL_CODES]))
    .action(async (_what: string, { json = false }: { json?: boolean }, command: Command) => {
      const config = await configOf(command, surroundings);
      if (config.notify.length === 0) {
        throw new ArchiverError('config', 'no receiver of notifications is configured', {
          hint: 'Set ARCHIVER_NOTIFY_URL to the address of a webhook, or list receivers under `notify` in the configuration file.',
        });
      }
      const items = await withQuietApp(config, surroundings, (app) =>
        app.testReceivers({ signal: surroundings.signal }),
      );
      const exitCode = items.every(({ result }) => result === 'delivered') ? EXIT.done : EXIT.incomplete;
      printListing(
        { items, problems: [], exitCode },
        { name: 'notify', columns, json, empty: 'There is no receiver.' },
        surroundings,
      );
      finish(exitCode);
    });
}

const columns: readonly Column<NotifyItem>[] = [
  { title: 'RESULT', value: ({ result }) => result },
  { title: 'RECEIVER', value: ({ receiver }) => receiver },
  { title: 'PRESET', value: ({ preset }) => preset },
  { title: 'ADDRESS', value: ({ address }) => address, optional: true },
  { title: 'DETAIL', value: ({ detail }) => detail, flexible: true },
];
