/** What is in a dump, for people: tables with bars, within the width of a terminal. */
import type { Census, KeyCounts } from '../../domain/census.ts';
import { printable } from '../../domain/outside-text.ts';
import { serverName } from '../../domain/rdb-magic.ts';
import type { InspectedFile, InspectReport } from '../../inspect/report.ts';
import { counted, humanSize, readable } from '../../report/amounts.ts';
import { type Column, formatTable } from '../../report/terminal/table.ts';

const BAR_CELLS = 16;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** One section for each file, and a total where there are several. `width` in columns. */
export function inspectText({ items, total, archive }: InspectReport, width: number): string {
  const sections = items.map((item) => section(item, width));
  if (archive !== null) {
    const { instanceId, backupId, startedAt } = archive;
    sections.unshift(`${instanceId}, backup ${backupId}, started ${readable(startedAt)} UTC\n`);
  }
  if (items.length > 1)
    sections.push(`total: ${counted(items.length, 'file')}, ${humanSize(total.size)}, ${amounts(total)}\n`);
  return sections.join('\n');
}

function section({ name, checksum, census }: InspectedFile, width: number): string {
  if (census === null) return `${printable(name)}: not read\n`;
  if (census.ending.kind === 'not-a-dump') {
    const what =
      checksum === 'verified' ? 'a dump of an unknown format, checksum right' : 'no dump that can be read';
    return `${printable(name)}: ${humanSize(census.size)}, ${what}\n`;
  }
  const facts = [humanSize(census.size), `RDB version ${census.version}`];
  if (checksum !== null)
    facts.push(checksum === 'verified' ? 'checksum right' : 'written without a checksum');
  const lines = [
    `${printable(name)}: ${facts.join(', ')}`,
    ...aboutServer(census),
    ...aboutEnd(census),
    amounts(census),
    ...aboutFields(census),
  ];
  const tables = [
    types(census, width),
    databases(census, width),
    largest(census, width),
    prefixes(census, width),
  ];
  return [`${lines.join('\n')}\n`, ...tables.filter((table) => table !== '')].join('\n');
}

function aboutServer(census: Census): string[] {
  const { createdAt, functions, scripts, modules } = census;
  const server = serverName(census);
  const written = [
    server === undefined ? '' : ` by ${server}`,
    createdAt === undefined ? '' : ` at ${readable(createdAt)} UTC`,
  ].join('');
  return [
    written === '' ? '' : `written${written}`,
    listed('function libraries', functions),
    listed('modules', modules),
    scripts === 0 ? '' : `cached scripts: ${scripts}`,
  ].filter((line) => line !== '');
}

/** The first few by name, and how many more. */
function listed(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, 5).join(', ');
  return `${what}: ${shown}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
}

function aboutEnd({ trailingBytes }: Census): string[] {
  return trailingBytes === 0
    ? []
    : [`${counted(trailingBytes, 'byte')} behind its end, which no server reads`];
}

/** Fields with an expiry of their own, and what is not known because of them. */
function aboutFields({ types: rows }: Census): string[] {
  const fields = rows.reduce((sum, { expiringFields }) => sum + expiringFields, 0);
  const told = `${counted(fields, 'field')} of hashes with an expiry of their own`;
  if (!rows.every(({ expiringFieldsExact }) => expiringFieldsExact))
    return [`at least ${told}`, 'hashes too large to look into: more may have expired'];
  return fields === 0 ? [] : [told];
}

/** `38 keys, 20 of them expire` */
function amounts({ keys, expiring, expired, empty }: KeyCounts): string {
  const parts = [counted(keys, 'key')];
  if (expiring > 0) parts.push(`${expiring} of them with an expiry`);
  if (expired > 0) parts.push(`${expired} expired by now`);
  if (empty > 0) parts.push(`${empty} without elements`);
  return parts.join(', ');
}

function types({ types: rows, bytes: all }: Census, width: number): string {
  type Row = Census['types'][number];
  const columns: Column<Row>[] = [
    { title: 'TYPE', value: ({ type }) => type },
    { title: 'KEYS', value: ({ keys }) => keys, align: 'right' },
    {
      title: 'ELEMENTS',
      value: ({ elements, elementsExact }) =>
        elements === 0 ? '' : elementsExact ? elements : `>= ${elements}`,
      align: 'right',
    },
    { title: 'BYTES', value: ({ bytes }) => humanSize(bytes), align: 'right' },
    { title: 'OF ALL', value: ({ bytes }) => percent(bytes, all), align: 'right' },
    { title: '', value: ({ bytes }) => bar(bytes, all), optional: true },
  ];
  return table(columns, rows, width);
}

function databases({ databases: rows, keys: all }: Census, width: number): string {
  type Row = Census['databases'][number];
  const columns: Column<Row>[] = [
    { title: 'DATABASE', value: ({ database }) => database, align: 'right' },
    { title: 'KEYS', value: ({ keys }) => keys, align: 'right' },
    { title: 'EXPIRING', value: ({ expiring }) => expiring, align: 'right' },
    { title: 'BYTES', value: ({ bytes }) => humanSize(bytes), align: 'right' },
    { title: 'OF KEYS', value: ({ keys }) => percent(keys, all), align: 'right' },
    { title: '', value: ({ keys }) => bar(keys, all), optional: true },
  ];
  return table(columns, rows, width);
}

function largest({ largest: rows, databases: several }: Census, width: number): string {
  type Row = Census['largest'][number];
  const columns: Column<Row>[] = [
    { title: 'LARGEST KEYS', value: ({ name }) => name, flexible: true },
    ...(several.length > 1
      ? [{ title: 'DB', value: ({ database }: Row) => database, align: 'right' as const }]
      : []),
    { title: 'TYPE', value: ({ type }) => type },
    { title: 'ELEMENTS', value: ({ elements }) => elements ?? '', align: 'right', optional: true },
    { title: 'BYTES', value: ({ bytes }) => humanSize(bytes), align: 'right' },
  ];
  return table(columns, rows, width);
}

function prefixes(census: Census, width: number): string {
  type Row = { readonly shown: string; readonly keys: number; readonly bytes: number };
  const rows: Row[] = census.prefixes.map(({ prefix, keys, bytes, exact }) => ({
    shown: `${prefix}:${exact ? '' : ' (at least)'}`,
    keys,
    bytes,
  }));
  if (rows.length === 0) return '';
  if (census.otherPrefixes.keys > 0) rows.push({ shown: '(other prefixes)', ...census.otherPrefixes });
  if (census.withoutPrefix.keys > 0) rows.push({ shown: '(no prefix)', ...census.withoutPrefix });
  const columns: Column<Row>[] = [
    { title: 'KEY PREFIX', value: ({ shown }) => shown, flexible: true },
    { title: 'KEYS', value: ({ keys }) => keys, align: 'right' },
    { title: 'BYTES', value: ({ bytes }) => humanSize(bytes), align: 'right' },
    { title: 'OF KEYS', value: ({ keys }) => percent(keys, census.keys), align: 'right' },
    { title: '', value: ({ keys }) => bar(keys, census.keys), optional: true },
  ];
  return table(columns, rows, width);
}

function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string {
  return rows.length === 0 ? '' : formatTable(columns, rows, { width });
}

function percent(part: number, all: number): string {
  const share = all === 0 ? 0 : (100 * part) / all;
  return share > 0 && share < 0.1 ? '<0.1 %' : `${share.toFixed(share < 10 ? 1 : 0)} %`;
}

/** In eighths of a cell; what is there at all shows. */
function bar(part: number, all: number): string {
  const eighths = part === 0 ? 0 : Math.max(1, Math.round((8 * BAR_CELLS * part) / all));
  return '█'.repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? '');
}
