/** The fault matrix as data: sides, rows and columns, and what is to come of each cell. The tests run it, the page prints it. */
import type { FailReason } from '../../src/domain/outcome.ts';
import type { Scenario, ScenarioOptions } from '../support/scenario.ts';

/** What is to come of a cell: an archive, or a clean failure by its reason from the closed list. */
export type Expected =
  | 'archived'
  /** What was listed is archived, but the listing was not whole: told, and exit 3. */
  | 'archived, listing told as failed'
  /** The listing failed before it came to the backup: told, and exit 3. */
  | 'listing told as failed'
  /** Nothing could be listed at all: told, and exit 10. */
  | 'nothing listed'
  /** The cloud is still working at it: skipped, and nothing to complain of. */
  | 'put off: not-ready'
  /** The destination fails before anything was attempted: told, and exit 3. */
  | 'destination failed'
  /** The destination refuses, or cannot be reached, before anything was attempted: told, and exit 11. */
  | 'destination refused'
  | FailReason;

export const SHAPES = ['one file', 'one shard of three'] as const;
export type Shape = (typeof SHAPES)[number];

/** Once: the fault strikes a single time. Always: until somebody mends it. */
export type Lasts = 'once' | 'always';

export interface Row {
  readonly fault: string;
  readonly lasts: Lasts;
  /** Those of the side's columns where it makes sense; all where absent. */
  readonly columns?: readonly string[];
  readonly variants?: readonly string[];
  readonly expected: Expected | ((cell: Place) => Expected);
  /** Turns the fault on. */
  readonly strike: (stage: Stage) => Switch;
  readonly config?: ScenarioOptions['config'];
  /** How the bucket behaves from the beginning, with no run before; else it was found out what it does before the fault is turned on. */
  readonly behaviour?: NonNullable<ScenarioOptions['behaviour']>;
  /** How many small backups there are beside the one in question; none where absent. */
  readonly others?: number;
  /** Uploads that stay, because the fault forbids to give them up. */
  readonly strands?: number;
  /** The fault makes the store keep other bytes than it was sent. */
  readonly spoils?: boolean;
}

/** Where in the matrix. */
export interface Place {
  readonly column: string;
  readonly shape: Shape;
  readonly variant: string;
}

export interface Cell extends Place {
  readonly row: Row;
  readonly expected: Expected;
}

/** Where a fault is turned on: a scenario, and what of it the cell is about. */
export interface Stage extends Scenario, Place {
  /** The name of the file that the fault is for. */
  readonly file: string;
  /** Bytes of that file. */
  readonly size: number;
  /** How often the fault is to strike. */
  readonly times: number;
}

export interface Switch {
  /** How often it has struck. A cell whose fault never struck proves nothing. */
  readonly strikes: number;
  /** Mends it. */
  remove(): void;
}

export interface Side {
  readonly title: string;
  /** What the columns and the variants are, for the page; a variant is what each fault is tried in. */
  readonly about: string;
  readonly columns: readonly string[];
  readonly variants: readonly string[];
  readonly rows: readonly Row[];
  /** The dump that the faults are for, in bytes. */
  readonly size: (place: Place) => number;
  /** What is different about the scenario. */
  readonly scenario?: (place: Place) => ScenarioOptions;
  /** Places that make no sense. */
  readonly lacks?: (place: Place) => boolean;
  /** True where the destination is a folder. */
  readonly folder?: boolean;
}

export function cellsOf(side: Side): readonly Cell[] {
  return side.rows.flatMap((row) => cellsOfRow(row, side));
}

export function cellsOfRow(row: Row, side: Side): readonly Cell[] {
  const { columns = side.columns, variants = side.variants } = row;
  const places = columns.flatMap((column) =>
    variants.flatMap((variant) => SHAPES.map((shape) => ({ column, variant, shape }))),
  );
  return places
    .filter((place) => !side.lacks?.(place))
    .map((place) => {
      const expected = typeof row.expected === 'function' ? row.expected(place) : row.expected;
      return { ...place, row, expected };
    });
}

/** The same fault, once and always. */
export function onceAndAlways(
  fault: string,
  [once, always]: readonly [Row['expected'], Row['expected']],
  row: Omit<Row, 'fault' | 'lasts' | 'expected'>,
): readonly Row[] {
  return [
    { fault, lasts: 'once', expected: once, ...row },
    { fault, lasts: 'always', expected: always, ...row },
  ];
}
