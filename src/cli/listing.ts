/** Prints what a listing command found, at once or row by row: a table for people, a JSON document or lines of JSON for programs, problems on standard error. */
import { type Command, Option } from 'commander';
import type { Each, Listing, Problem } from '../domain/listing.ts';
import { harmlessJson, printable } from '../domain/outside-text.ts';
import { redact } from '../report/redact.ts';
import { type Column, formatTable, tableInBlocks } from '../report/terminal/table.ts';
import { type Outlet, openOutlet } from './outlet.ts';
import { keepHeapSmall } from './small-heap.ts';
import type { Output, Surroundings } from './surroundings.ts';

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
      `${harmlessJson(JSON.stringify({ schema: schemaOf(name), ...about, items }, undefined, 2))}\n`,
    );
  else if (items.length === 0) {
    // Where something could not be listed, "there is none" would be a guess.
    if (problems.length === 0) stderr.write(`${empty}\n`);
  } else
    stdout.write(formatTable(columns, items, stdout.columns === undefined ? {} : { width: stdout.columns }));
  printProblems(problems, stderr);
}

function printProblems(problems: readonly Problem[], stderr: Output): void {
  for (const { message, hint } of problems)
    stderr.write(`${redact(`rdb-archiver: ${printable(message)}\n  ${printable(hint)}`)}\n`);
}

/** The source's column only where there is more than one to tell apart. */
export function sourceColumn<Item extends { readonly source: string }>(
  items: readonly Item[],
): Column<Item>[] {
  const several = new Set(items.map(({ source }) => source)).size > 1;
  return several ? [SOURCE] : [];
}

const SOURCE: Column<{ readonly source: string }> = { title: 'SOURCE', value: ({ source }) => source };

/** What a command that may have very many rows is asked to print them as. */
export interface RowsOptions {
  readonly json?: boolean;
  readonly jsonl?: boolean;
}

/** The options of a command whose rows come one by one. */
export function withRowsOptions(command: Command): Command {
  return command
    .option('--json', 'one JSON document instead of a table, written as its rows come')
    .addOption(new Option('--jsonl', 'a line of JSON for each row and nothing else').conflicts('json'));
}

export interface RowsForm<Item> extends Pick<ListingForm<Item>, 'name' | 'columns' | 'empty'> {
  readonly form: RowsOptions;
}

export interface RowPrinter<Item> {
  readonly row: Each<Item>;
  /** How many rows there were. */
  count(): number;
  /** Closes the table or the document. `about` are further members of it, known only now. Rows that the answer still holds are printed first. */
  end(listing: Listing<Item>, about?: Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * For rows that come one by one, as many as there are. A document that was cut off, since the command ended on the way, is none: nobody takes
 * a part of the rows for all of them.
 */
export function openRows<Item extends { readonly source: string }>(
  { form: { json = false, jsonl = false }, name, columns, empty }: RowsForm<Item>,
  { stdout, stderr, clock }: Pick<Surroundings, 'stdout' | 'stderr' | 'clock'>,
): RowPrinter<Item> {
  keepHeapSmall();
  const outlet = openOutlet(stdout);
  const writer = json
    ? documentWriter<Item>(name, outlet)
    : jsonl
      ? lineWriter<Item>(outlet)
      : tableWriter<Item>(columns, outlet, stdout.columns, clock.now);
  let count = 0;
  const row: Each<Item> = (item) => {
    count += 1;
    return writer.row(item);
  };
  return {
    row,
    count: () => count,
    async end({ items, problems }, about = {}) {
      for (const item of items) await row(item);
      await writer.end(about);
      await outlet.end();
      if (!json && !jsonl && count === 0 && problems.length === 0) stderr.write(`${empty}\n`);
      printProblems(problems, stderr);
    },
  };
}

interface Writer<Item> {
  readonly row: Each<Item>;
  end(about: Readonly<Record<string, unknown>>): Promise<void>;
}

/** As `JSON.stringify` indents it, piece by piece. */
function documentWriter<Item>(name: string, outlet: Outlet): Writer<Item> {
  const indented = (value: unknown, by: string) =>
    harmlessJson(JSON.stringify(value, undefined, 2)).replaceAll('\n', `\n${by}`);
  const head = `{\n  "schema": ${JSON.stringify(schemaOf(name))},\n  "items": [`;
  let begun = false;
  const begin = (): string => {
    const text = begun ? '' : head;
    begun = true;
    return text;
  };
  let first = true;
  return {
    row(item) {
      const comma = first ? '' : ',';
      first = false;
      return outlet.write(`${begin()}${comma}\n    ${indented(item, '    ')}`);
    },
    end(about) {
      const more = Object.entries(about)
        .filter(([, value]) => value !== undefined)
        .map(([member, value]) => `,\n  ${JSON.stringify(member)}: ${indented(value, '  ')}`);
      return outlet.write(`${begin()}${first ? '' : '\n  '}]${more.join('')}\n}\n`);
    },
  };
}

function lineWriter<Item>(outlet: Outlet): Writer<Item> {
  return {
    row: (item) => outlet.write(`${harmlessJson(JSON.stringify(item))}\n`),
    end: async () => undefined,
  };
}

/** A block is shown when it is full, or this old when the next row comes, in milliseconds. */
const BLOCK_ROWS = 500;
const BLOCK_MS = 5000;

function tableWriter<Item extends { readonly source: string }>(
  columns: readonly Column<Item>[],
  outlet: Outlet,
  width: number | undefined,
  now: () => number,
): Writer<Item> {
  const format = tableInBlocks<Item>(width === undefined ? {} : { width });
  const sources = new Set<string>();
  let block: Item[] = [];
  let since = now();
  const show = async (): Promise<void> => {
    const rows = block;
    block = [];
    since = now();
    if (rows.length === 0) return;
    await outlet.write(format(sources.size > 1 ? [SOURCE, ...columns] : columns, rows));
  };
  return {
    async row(item) {
      sources.add(item.source);
      block.push(item);
      if (block.length >= BLOCK_ROWS || now() - since >= BLOCK_MS) await show();
    },
    end: show,
  };
}

function schemaOf(name: string): string {
  return `rdb-archiver/${name}@1`;
}
