/** What a command that prints a table answers: rows, what could not be had, and the exit status that means. */

export interface Listing<Item> {
  /** Empty where each was told as it came. */
  readonly items: readonly Item[];
  /** Sentences for standard error: what could not be listed and what to do. */
  readonly problems: readonly Problem[];
  readonly exitCode: number;
}

export interface Problem {
  readonly message: string;
  readonly hint: string;
}

/** Told of a row as soon as it is there, and waited for: so that nothing piles up before somebody who takes them slowly. */
export type Each<Item> = (item: Item) => Promise<void>;

/** Rows on their way to who wants each as it comes; held for the report where nobody does. */
export interface Rows<Item> {
  readonly tell: Each<Item>;
  /** What was held. */
  readonly items: Item[];
}

export function rowsFor<Item>(each: Each<Item> | undefined): Rows<Item> {
  const items: Item[] = [];
  return { items, tell: each ?? (async (item) => void items.push(item)) };
}
