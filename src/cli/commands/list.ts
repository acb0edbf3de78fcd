/** `list`: instances and backups as the cloud has them, archives as the destination has them. */
import { Argument, type Command } from 'commander';
import type { App } from '../../app/app.ts';
import type { Each, Listing } from '../../domain/listing.ts';
import type { ArchiveItem, BackupItem, InstanceItem } from '../../list/report.ts';
import { humanSize, readable } from '../../report/amounts.ts';
import type { Column } from '../../report/terminal/table.ts';
import { exitSection, WORKING_CODES } from '../exit-codes.ts';
import { openRows, type RowsOptions, withRowsOptions } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

type What = 'instances' | 'backups' | 'archives';

interface Choice {
  readonly instanceId?: string;
  readonly signal: AbortSignal;
}

export function addList(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  const list = program
    .command('list')
    .summary('list instances, backups or archives')
    .description('Instances and backups as the cloud has them, archives as the destination has them.')
    .addArgument(
      new Argument('<instances|backups|archives>', 'which of them').choices([
        'instances',
        'backups',
        'archives',
      ]),
    )
    .argument('[instance]', 'only of this instance, by id');
  withRowsOptions(list)
    .addHelpText('after', exitSection(WORKING_CODES))
    .action(async (what: What, instanceId: string | undefined, form: RowsOptions, command: Command) => {
      const choice: Choice = {
        signal: surroundings.signal,
        ...(instanceId === undefined ? {} : { instanceId }),
      };
      const config = await configOf(command, surroundings);
      async function show<Item extends { readonly source: string }>(
        columns: readonly Column<Item>[],
        ask: (app: App, each: Each<Item>) => Promise<Listing<Item>>,
      ): Promise<void> {
        const rows = openRows({ form, name: what, columns, empty: `There are no ${what}.` }, surroundings);
        const listing = await withQuietApp(config, surroundings, (app) => ask(app, rows.row));
        await rows.end(listing);
        finish(listing.exitCode);
      }
      switch (what) {
        case 'instances':
          return show(instanceColumns, (app) => app.listInstances(choice));
        case 'backups':
          return show(backupColumns, (app) => app.listBackups(choice));
        case 'archives':
          return show(archiveColumns, (app, each) => app.listArchives({ ...choice, each }));
      }
    });
}

const instanceColumns: readonly Column<InstanceItem>[] = [
  { title: 'INSTANCE', value: ({ id }) => id },
  { title: 'ENGINE', value: ({ engine, version }) => (version === null ? engine : `${engine} ${version}`) },
  { title: 'PRODUCT', value: ({ product }) => product ?? '', optional: true },
  { title: 'SHARDS', value: ({ shards }) => shards, align: 'right' },
  { title: 'BACKUPS', value: ({ backups }) => backups, align: 'right' },
  { title: 'STATE', value: ({ selected, vanished }) => (vanished ? 'deleted' : selected ? '' : 'left out') },
  { title: 'NAME', value: ({ name }) => name, flexible: true, optional: true },
];

const backupColumns: readonly Column<BackupItem>[] = [
  { title: 'INSTANCE', value: ({ instanceId }) => instanceId },
  { title: 'BACKUP', value: ({ id }) => id },
  { title: 'STATE', value: ({ state, archived }) => (archived ? 'archived' : state) },
  { title: 'STARTED (UTC)', value: ({ startedAt }) => readable(startedAt) },
  { title: 'GONE AFTER (UTC)', value: ({ deadline }) => readable(deadline), optional: true },
];

const archiveColumns: readonly Column<ArchiveItem>[] = [
  { title: 'INSTANCE', value: ({ instanceId }) => instanceId },
  { title: 'BACKUP', value: ({ backupId }) => backupId },
  { title: 'STARTED (UTC)', value: ({ startedAt }) => readable(startedAt) },
  { title: 'FILES', value: ({ files }) => files, align: 'right' },
  { title: 'SIZE', value: ({ bytes }) => humanSize(bytes), align: 'right' },
  { title: 'NAME', value: ({ instanceName }) => instanceName, flexible: true, optional: true },
];
