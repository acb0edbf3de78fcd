/** `check`: what a run needs, tried out before one is needed. */
import type { Command } from 'commander';
import type { CheckItem } from '../../check/report.ts';
import { counted } from '../../report/amounts.ts';
import type { Column } from '../../report/terminal/table.ts';
import { exitSection, WORKING_CODES } from '../exit-codes.ts';
import { printListing } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

export function addCheck(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  program
    .command('check')
    .summary('try out credentials, permissions and what the destination can do')
    .description(
      'Configuration, credentials, clock, each permission, and what the destination really does. Puts small objects below PREFIX/state/probe/ and touches nothing else.',
    )
    .option('--json', 'one JSON document instead of a table')
    .addHelpText('after', exitSection(WORKING_CODES))
    .action(async ({ json = false }: { json?: boolean }, command: Command) => {
      const config = await configOf(command, surroundings);
      const listing = await withQuietApp(config, surroundings, (app) =>
        app.check({ signal: surroundings.signal }),
      );
      printListing(
        listing,
        { name: 'check', columns, json, empty: 'There is nothing to check.' },
        surroundings,
      );
      if (!json) surroundings.stderr.write(`${checkTotals(listing.items)}\n`);
      finish(listing.exitCode);
    });
}

const columns: readonly Column<CheckItem>[] = [
  { title: 'RESULT', value: ({ verdict }) => verdict },
  { title: 'WHERE', value: ({ part, source }) => source ?? part },
  { title: 'CHECK', value: ({ check }) => check },
  {
    title: 'DETAIL',
    value: ({ detail, hint, verdict }) => (verdict === 'ok' && hint ? `${detail}. ${hint}` : detail),
    flexible: true,
  },
];

/** `24 checks: 22 ok, 1 warning, 1 not tried` */
function checkTotals(items: readonly CheckItem[]): string {
  const count = (verdict: CheckItem['verdict']): number =>
    items.filter((item) => item.verdict === verdict).length;
  const parts = [
    `${count('ok')} ok`,
    ...(count('warning') > 0 ? [counted(count('warning'), 'warning')] : []),
    ...(count('failed') > 0 ? [`${count('failed')} failed`] : []),
    ...(count('not-tried') > 0 ? [`${count('not-tried')} not tried`] : []),
  ];
  return `${counted(items.length, 'check')}: ${parts.join(', ')}`;
}
