/** `index`: builds the cache of what manifests say, and brings it up to date. */
import type { Command } from 'commander';
import type { IndexItem } from '../../index/report.ts';
import type { Column } from '../../report/terminal/table.ts';
import { EXIT, exitSection, QUIET_CODES, SIGNAL_CODES } from '../exit-codes.ts';
import { openRows, type RowsOptions, withRowsOptions } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

export function addIndex(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  const index = program
    .command('index')
    .summary('build the index of all manifests, or bring it up to date')
    .description(
      'Keeps what all manifests say in Parquet below PREFIX/state/index/, where commands find it without a request for each, and people query it (docs/index-queries.md). It is only a cache: lost, old or damaged, it costs time and nothing else.',
    );
  withRowsOptions(index)
    .addHelpText('after', exitSection(CODES))
    .action(async (form: RowsOptions, command: Command) => {
      const config = await configOf(command, surroundings);
      const rows = openRows({ form, name: 'index', columns, empty: 'There are no archives.' }, surroundings);
      const { signal } = surroundings;
      const listing = await withQuietApp(config, surroundings, (app) =>
        app.index({ signal, each: rows.row }),
      );
      await rows.end(listing);
      finish(listing.exitCode);
    });
}

const CODES = [...QUIET_CODES, EXIT.incomplete, EXIT.damaged, EXIT.storeRefused, ...SIGNAL_CODES];

const columns: readonly Column<IndexItem>[] = [
  { title: 'MONTH', value: ({ month }) => month },
  { title: 'ARCHIVES', value: ({ archives }) => archives, align: 'right' },
  { title: 'READ', value: ({ read }) => read, align: 'right' },
  {
    title: 'CANNOT BE HELD',
    value: ({ unprovable }) => (unprovable === 0 ? '' : unprovable),
    align: 'right',
  },
];
