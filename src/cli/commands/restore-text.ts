/** What a restore tells a person: what lies where, how it was checked, and what to do with it next. */
import { join } from 'node:path';
import { printable } from '../../domain/outside-text.ts';
import { serverName } from '../../domain/rdb-magic.ts';
import { humanSize, readableIn } from '../../report/amounts.ts';
import type { ChosenArchive, RestoreItem, RestoreReport } from '../../restore/report.ts';

/** For the help text. */
export const EXAMPLES = `
Examples:
  the newest archive, into ./out
    rdb-archiver restore crs-abcd1234 --to out
  as it was on 17 November at eight in the morning in Beijing
    rdb-archiver restore crs-abcd1234 --at 2026-11-17T08:00+08:00 --to out
  into another bucket, or to another machine
    rdb-archiver restore crs-abcd1234 --to - | aws s3 cp - s3://other/dump.rdb
    rdb-archiver restore crs-abcd1234 --to - | ssh host 'cat > dump.rdb'
  opened, where the cloud encrypted the backup and its key was sealed
    export ARCHIVER_AGE_IDENTITY_FILE=age.key
    rdb-archiver restore crs-abcd1234 --decrypt --to out
  one of several shards
    rdb-archiver restore crs-abcd1234 --shard 2 --to - | sha256sum
With - the bytes are checked while they flow: believe them only when this
command has ended with 0 (in bash: set -o pipefail).
`;

/** Where a restore went, and how it is called in what a person reads. */
export interface Place {
  /** In which times are shown. */
  readonly timezone: string;
  /** As it may be typed: relative where that is shorter. */
  readonly shown: (path: string) => string;
  /** The folder; absent for standard output. */
  readonly directory?: string;
}

/** What a time was taken for, before the work begins: a day or a zone too early is seen here, and not in the data. */
export function chosenLine(
  { backupId, startedAt, next }: ChosenArchive,
  {
    instanceId,
    at,
    timezone,
  }: { readonly instanceId: string; readonly at: string; readonly timezone: string },
): string {
  const newer =
    next === undefined
      ? 'there is none newer'
      : `the next newer one was started ${readableIn(timezone, next)}`;
  const chosen = `backup ${backupId} of ${instanceId}, started ${readableIn(timezone, startedAt)}`;
  return `${printable(`--at ${at}: ${chosen}; ${newer}`)}\n`;
}

/** One line for the archive, two for each dump. */
export function restoredLines({ items, key, ...archive }: RestoreReport, { shown, timezone }: Place): string {
  const { instanceId, backupId, startedAt } = archive;
  const title = printable(`${instanceId} ${backupId}, started ${readableIn(timezone, startedAt)}`);
  const lines = [
    title,
    ...items.flatMap((item) => itemLines(item, shown)),
    ...(key ? keyLines(key, shown) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function keyLines(
  { path, fingerprint, algorithm, kmsKeyId }: NonNullable<RestoreReport['key']>,
  shown: Place['shown'],
): string[] {
  const about = [algorithm ?? 'algorithm not told', ...(kmsKeyId === null ? [] : [`KMS key ${kmsKeyId}`])];
  return [
    `  key: ${shown(path)} (${about.join(', ')}; fingerprint ${fingerprint})`,
    '    The cloud documents neither how this text becomes a key nor where the vector stands;',
    '    docs/encrypted-backups.md has what `--decrypt` tries. Delete the file when you are done.',
  ];
}

const WORDS: Readonly<Record<RestoreItem['result'], string>> = {
  restored: 'restored',
  'already-there': 'already there',
  missing: 'MISSING',
  'size-differs': 'DAMAGED',
  'digest-differs': 'DAMAGED',
  'rdb-damaged': 'DAMAGED',
  'not-opened': 'NOT OPENED',
};

function itemLines(
  { file, path, result, size, sha256, rdb, opened, resumedAt }: RestoreItem,
  shown: Place['shown'],
): string[] {
  const amount = result === 'missing' || result === 'not-opened' ? '' : `, ${humanSize(size)}`;
  const resumed = resumedAt > 0 ? `, went on at ${humanSize(resumedAt)}` : '';
  const line = `  ${WORDS[result]}: ${path === null ? file : shown(path)}${amount}${resumed}`;
  if (!isWhole(result)) return [line];
  const decrypted = opened === null ? [] : [`    decrypted: AES-256-CBC, ${opened}`];
  return [line, ...decrypted, `    proved: size, SHA-256 ${sha256.slice(0, 16)}…, ${formatCheck(rdb)}`];
}

function formatCheck(rdb: RestoreItem['rdb']): string {
  if (rdb === null) return 'but not its format';
  const format = rdb.magic === undefined ? `RDB ${rdb.version}` : `a format that begins with "${rdb.magic}"`;
  const behind = rdb.trailingBytes === undefined ? '' : `, with ${rdb.trailingBytes} bytes behind its end`;
  return rdb.checksum === 'verified'
    ? `${format} and its CRC-64${behind}`
    : `${format}, written without a checksum${behind}`;
}

function isWhole(result: RestoreItem['result']): boolean {
  return result === 'restored' || result === 'already-there';
}

/** Empty where nothing whole was restored to a folder. */
export function nextSteps(report: RestoreReport, { shown, directory }: Place): string {
  const whole = report.items.filter(({ result }) => isWhole(result));
  const [first] = whole;
  if (first === undefined || directory === undefined) return '';
  if (report.encrypted && first.opened === null)
    return paragraph(
      'The cloud encrypted this backup: these are the very bytes that it gave, and the',
      'format inside was not checked. With its key sealed and ARCHIVER_AGE_IDENTITY set,',
      '`--decrypt` opens them, and `--key FILE` hands the key out.',
    );
  if (first.rdb === null)
    return paragraph(`${report.engine} writes no RDB: only TencentDB can load these bytes.`);
  if (first.rdb.magic !== undefined)
    return paragraph(
      `It begins with "${first.rdb.magic}", which this version of rdb-archiver does not know:`,
      'a server of the engine that wrote it loads it.',
    );
  const folder = shown(directory);
  const steps = report.files > 1 ? shardSteps(report.files, first, folder) : singleSteps(first, folder);
  return paragraph(...steps, ...ELSEWHERE);
}

function singleSteps({ file, rdb }: RestoreItem, folder: string): string[] {
  return [
    `Next${writtenBy(rdb)}:`,
    `  ${brandOf(rdb)}-check-rdb ${quoted(join(folder, file))}`,
    `  ${serverCommand(rdb, folder, file)}`,
  ];
}

function shardSteps(files: number, { file, rdb }: RestoreItem, folder: string): string[] {
  return [
    `The backup is ${files} dumps, one a shard. A plain server (no cluster) loads one.`,
    `Next${writtenBy(rdb)}:`,
    `  ${brandOf(rdb)}-check-rdb ${quoted(join(folder, file))}`,
    `  ${serverCommand(rdb, folder, file)}`,
    'Into a cluster each goes with redis-shake: it finds the right shard of a key.',
  ];
}

const ELSEWHERE = [
  'With appendonly yes a server would ignore the dump. `redis-cli --pipe` cannot',
  'load it (it is no stream of commands). Into another server, or TencentDB:',
  'redis-shake from the file, or DTS with that server as the source.',
];

function serverCommand(rdb: RestoreItem['rdb'], folder: string, file: string): string {
  return `${brandOf(rdb)}-server --port 6380 --dir ${quoted(folder)} --dbfilename ${file} --appendonly no`;
}

/** How the programs are called that know this dump. */
function brandOf(rdb: RestoreItem['rdb']): string {
  return rdb?.family ?? 'redis';
}

function writtenBy(rdb: RestoreItem['rdb']): string {
  // Manifests of version 0.1 do not say whose version it is.
  const server = rdb && (serverName(rdb) ?? rdb.redisVersion);
  if (!server) return '';
  return printable(` (written by ${server}; load it with that version or a newer one)`);
}

function paragraph(...lines: readonly string[]): string {
  return `\n${lines.join('\n')}\n`;
}

/** For a shell. */
function quoted(path: string): string {
  return /^[\w./:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
