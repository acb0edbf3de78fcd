/** Writes docs/fault-matrix.md from the table that the tests run. */
import { sides } from './sides.ts';
import { type Cell, cellsOf, cellsOfRow, type Expected, type Row, type Side } from './table.ts';

type Kind = 'archive' | 'partial' | 'put off' | 'failure';

export function faultMatrixPage(): string {
  const cells = sides.flatMap(cellsOf);
  const count = (kind: Kind): number => cells.filter(({ expected }) => kindOf(expected) === kind).length;
  return `${[
    '# What was broken, and what came of it',
    'Written from the table that `test/matrix` runs; a test holds this page to it. In every cell the whole program works against a stand-in of the cloud and of the store with one thing broken, and there are two ways to end. Either there is **an archive**: its manifest is there, the stored bytes have the SHA-256 of the cloud’s, and the exit status is 0. Or there is **a clean failure**: no manifest, a reason from the closed list in words and with a hint, and an exit status that is not 0. No multipart upload is left either way, but where the fault itself forbids to give one up. Then what was broken is mended, the program runs again (a day later, where a damaged dump lies in quarantine), and every cell ends with the archive.',
    counts(cells.length, count),
    '*Once* means that the fault strikes a single time, *always* that it strikes until it is mended. Every cell is played with a backup of one file and with one shard of three, where nothing else is said.',
    ...sides.flatMap((side) => [`## ${side.title}`, side.about, tableOf(side)]),
  ].join('\n\n')}\n`;
}

function counts(all: number, count: (kind: Kind) => number): string {
  return [
    '| cells | |',
    '| --- | --- |',
    `| in all | ${all} |`,
    `| an archive | ${count('archive')} |`,
    `| what was listed is archived, and the gap in the listing is told as a failure | ${count('partial')} |`,
    `| a clean failure | ${count('failure')} |`,
    `| put off, since the cloud is still working at the backup | ${count('put off')} |`,
    '| anything else | 0 |',
  ].join('\n');
}

function tableOf(side: Side): string {
  const heads = ['what is broken', '', ...side.columns];
  return [
    line(heads),
    line(heads.map(() => '---')),
    ...side.rows.map((row) => line([row.fault, row.lasts, ...textsOf(row, side)])),
  ].join('\n');
}

function textsOf(row: Row, side: Side): string[] {
  const cells = cellsOfRow(row, side);
  return side.columns.map((column) => textOf(cells.filter((cell) => cell.column === column)));
}

/** What comes of it, said once where every variant has the same. */
function textOf(cells: readonly Cell[]): string {
  const results = Map.groupBy(cells, ({ expected }) => expected);
  if (results.size <= 1) return [...results.keys()].map(shown).join('');
  const variants = ([expected, of]: readonly [Expected, readonly Cell[]]): string =>
    `${[...new Set(of.map(({ variant }) => variant))].join(', ')}: ${shown(expected)}`;
  return [...results].map(variants).join('; ');
}

function shown(expected: Expected): string {
  return expected === 'archived' ? '**archived**' : expected;
}

function kindOf(expected: Expected): Kind {
  switch (expected) {
    case 'archived':
      return 'archive';
    case 'archived, listing told as failed':
      return 'partial';
    case 'put off: not-ready':
      return 'put off';
    default:
      return 'failure';
  }
}

function line(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`;
}
