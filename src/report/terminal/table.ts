/** A plain table for a terminal: aligned columns, no lines, as wide as the terminal at the most. */

import { tidyMessage } from '../../domain/outside-text.ts';
import { fitted, textWidth } from './text-width.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number;
  readonly align?: 'left' | 'right';
  /** May be cut when the terminal is too narrow; ids and times may not. */
  readonly flexible?: boolean;
  /** A flexible one is cut to no fewer columns than this; to 8 where absent. */
  readonly least?: number;
  /** May be left out when the terminal is too narrow, the last one first. */
  readonly optional?: boolean;
}

export interface TableOptions {
  /** Columns of the terminal; absent: as wide as it takes. */
  readonly width?: number;
}

const GAP = '  ';
/** Below this a cut column says nothing any more. */
const LEAST_WIDTH = 8;

/** Lines with a newline each; the first one holds the titles. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: TableOptions = {},
): string {
  return tableInBlocks<Row>(options)(columns, rows);
}

/**
 * A table whose rows come block by block: each block is as wide as those before it at the least, so that mostly they align. The titles stand
 * above the first block, and again where other columns are shown than before.
 */
export function tableInBlocks<Row>({
  width = Number.POSITIVE_INFINITY,
}: TableOptions = {}): (columns: readonly Column<Row>[], rows: readonly Row[]) => string {
  const widest = new Map<string, number>();
  let titles: string | undefined;
  return (columns, rows) => {
    const filled = columns.map((column) => {
      const cells = [column.title, ...rows.map((row) => tidyMessage(String(column.value(row))))];
      const needed = cells.reduce((most, cell) => Math.max(most, textWidth(cell)), 0);
      const wide = Math.max(needed, widest.get(column.title) ?? 0);
      widest.set(column.title, wide);
      return { ...column, cells, width: wide };
    });
    const chosen = withRoom(filled, width);
    const shown = chosen.map(({ title }) => title).join('\n');
    const lines = [undefined, ...rows].map((_, line) =>
      chosen
        .map((column) => aligned(column.cells[line] ?? '', column))
        .join(GAP)
        .trimEnd(),
    );
    const told = shown === titles ? lines.slice(1) : lines;
    titles = shown;
    return told.map((line) => `${line}\n`).join('');
  };
}

type Sized = Pick<Column<never>, 'align' | 'flexible' | 'least' | 'optional'> & { readonly width: number };

/** Leaves out optional columns until the rest can fit, then takes what is still too much from the widest flexible one. */
function withRoom<Filled extends Sized>(columns: readonly Filled[], available: number): Filled[] {
  const last = columns.findLastIndex(({ optional }) => optional);
  const least = columns.map((column) => ({ ...column, width: leastWidth(column) }));
  if (last !== -1 && totalWidth(least) > available) return withRoom(columns.toSpliced(last, 1), available);

  const shrunk = [...columns];
  for (let excess = totalWidth(shrunk) - available; excess > 0; excess--) {
    const cuttable = shrunk.filter((column) => column.width > leastWidth(column));
    const widest = cuttable.toSorted((a, b) => b.width - a.width)[0];
    if (widest === undefined) break;
    shrunk[shrunk.indexOf(widest)] = { ...widest, width: widest.width - 1 };
  }
  return shrunk;
}

function leastWidth({ width, flexible, least = LEAST_WIDTH }: Sized): number {
  return flexible ? Math.min(width, least) : width;
}

function totalWidth(columns: readonly Sized[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0) + GAP.length * (columns.length - 1);
}

function aligned(cell: string, { width, align }: Sized): string {
  const text = fitted(cell, width);
  const padding = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'right' ? padding + text : text + padding;
}
