/** Prints what a listing command found: a table for people, one JSON document for programs, problems on standard error. */
import type { Listing } from '../domain/listing.ts';
import { harmlessJson, printable } from '../domain/outside-text.ts';
import { redact } from '../report/redact.ts';
import { type Column, formatTable } from '../report/terminal/table.ts';
import type { Output } from './surroundings.ts';

export interface ListingForm<Item> {
  /** The document's name: `plan` gives `rdb-archiver/plan@1`. */
  readonly name: string;
  readonly columns: readonly Column<Item>[];
  readonly json: boolean;
  /** Said where there is no row to show. */
  readonly empty: string;
  /** Further members of the document. */
  readonly about?: Readonly<Record<string, unknown>>;
}

export function printListing<Item>(
  { items, problems }: Listing<Item>,
  { name, columns, json, empty, about }: ListingForm<Item>,
  { stdout, stderr }: { readonly stdout: Output; readonly stderr: Output },
): void {
  if (json)
    stdout.write(
      `${harmlessJson(JSON.stringify({ schema: `rdb-archiver/${name}@1`, ...about, items }, undefined, 2))}\n`,
    );
  else if (items.length === 0) {
    // Where something could not be listed, "there is none" would be a guess.
    if (problems.length === 0) stderr.write(`${empty}\n`);
  } else
    stdout.write(formatTable(columns, items, stdout.columns === undefined ? {} : { width: stdout.columns }));
  for (const { message, hint } of problems)
    stderr.write(`${redact(`rdb-archiver: ${printable(message)}\n  ${printable(hint)}`)}\n`);
}

/** The source's column only where there is more than one to tell apart. */
export function sourceColumn<Item extends { readonly source: string }>(
  items: readonly Item[],
): Column<Item>[] {
  const several = new Set(items.map(({ source }) => source)).size > 1;
  return several ? [{ title: 'SOURCE', value: ({ source }) => source }] : [];
}
