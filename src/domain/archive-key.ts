/** The layout of the destination: formats and parses every object key. The one place that knows it. */
import { dayOf, type Instant, stampOf } from './instant.ts';

/** What an archive's keys are made of. `already-archived` is decided by source, instance and backup alone. */
export interface ArchiveRef {
  readonly source: string;
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: Instant;
}

/** `STAMP` is of fixed length, so `STAMP_BACKUP` can be taken apart although ids may hold underscores. */
const STAMP_LENGTH = '20261124T021500Z'.length;

/** `dump.rdb`, `dump-2-of-5.rdb`, and what compression and encryption add behind. */
const DUMP_NAME = /^dump(-\d+-of-\d+)?\.rdb(\.[a-z0-9]+)*$/;

/** All keys below one `PREFIX` of a bucket (`''` for its root; no slash at either end). */
export interface ArchiveLayout {
  /** Holds everything. */
  readonly rootPrefix: string;
  manifestKey(ref: ArchiveRef): string;
  /** `dump.rdb`, or `dump-2-of-5.rdb` for one of several (`index` from 1). */
  dumpKey(ref: ArchiveRef, index: number, count: number): string;
  quarantineKey(ref: ArchiveRef, index: number, count: number): string;
  quarantineRecordKey(ref: ArchiveRef): string;
  /** Holds the manifests of one day, of one source. */
  catalogPrefix(source?: string, day?: string): string;
  /** Holds the dumps of one instance, oldest first. */
  dataPrefix(source: string, instanceId: string): string;
  quarantinePrefix(source: string): string;
  /** What the receivers of notifications were told by one of several shards (from 0). */
  notifyStateKey(shard: { readonly index: number; readonly count: number }): string;
  /** Where `check` keeps its small objects; the same names each time, so that they never pile up. */
  probeKey(name: string): string;
  /** Undefined for a key that is no manifest of ours. */
  parseManifestKey(key: string): ArchiveRef | undefined;
  /** Undefined for a key that is no dump of ours. */
  parseDataKey(key: string): ArchiveRef | undefined;
  /** Whether a dump of ours may be on its way to this key: below `data/` or `quarantine/`, and named as we name them. */
  isDumpKey(key: string): boolean;
  parseQuarantineRecordKey(key: string): ArchiveRef | undefined;
}

export function archiveLayout(prefix: string): ArchiveLayout {
  const root = prefix === '' ? '' : `${prefix}/`;
  const folder = (kind: string, ref: ArchiveRef) =>
    `${root}${kind}/${encodeId(ref.source)}/${encodeId(ref.instanceId)}/${stampOf(ref.startedAt)}_${encodeId(ref.backupId)}`;

  return {
    rootPrefix: root,
    manifestKey: (ref) =>
      `${root}catalog/${encodeId(ref.source)}/${dayOf(ref.startedAt)}/${encodeId(ref.instanceId)}/` +
      `${stampOf(ref.startedAt)}_${encodeId(ref.backupId)}.json`,
    dumpKey: (ref, index, count) => `${folder('data', ref)}/${dumpName(index, count)}`,
    quarantineKey: (ref, index, count) => `${folder('quarantine', ref)}/${dumpName(index, count)}`,
    quarantineRecordKey: (ref) => `${folder('quarantine', ref)}/record.json`,

    catalogPrefix(source, day) {
      const parts = [`${root}catalog/`];
      if (source !== undefined) parts.push(`${encodeId(source)}/`);
      if (day !== undefined) parts.push(`${day}/`);
      return parts.join('');
    },
    dataPrefix: (source, instanceId) => `${root}data/${encodeId(source)}/${encodeId(instanceId)}/`,
    quarantinePrefix: (source) => `${root}quarantine/${encodeId(source)}/`,
    notifyStateKey: ({ index, count }) => `${root}state/notify/${index}-of-${count}.json`,

    probeKey: (name) => `${root}state/probe/${name}`,

    parseManifestKey(key) {
      const parts = splitBelow(key, `${root}catalog/`, 4);
      if (!parts) return undefined;
      const [source = '', day, instance = '', name = ''] = parts;
      if (!name.endsWith('.json')) return undefined;
      const ref = parseFolder(source, instance, name.slice(0, -'.json'.length));
      return ref && dayOf(ref.startedAt) === day ? ref : undefined;
    },
    parseDataKey(key) {
      const [source, instance, stampedBackup] = key.startsWith(`${root}data/`)
        ? key.slice(`${root}data/`.length).split('/')
        : [];
      if (source === undefined || instance === undefined || stampedBackup === undefined) return undefined;
      return parseFolder(source, instance, stampedBackup);
    },
    isDumpKey(key) {
      const kind = ['data', 'quarantine'].find((name) => key.startsWith(`${root}${name}/`));
      if (kind === undefined) return false;
      const [source = '', instance = '', stampedBackup = '', ...rest] = key
        .slice(`${root}${kind}/`.length)
        .split('/');
      return DUMP_NAME.test(rest.at(-1) ?? '') && parseFolder(source, instance, stampedBackup) !== undefined;
    },
    parseQuarantineRecordKey(key) {
      const parts = splitBelow(key, `${root}quarantine/`, 4);
      if (parts?.[3] !== 'record.json') return undefined;
      const [source = '', instance = '', stampedBackup = ''] = parts;
      return parseFolder(source, instance, stampedBackup);
    },
  };
}

/**
 * Ids are opaque: what could be mistaken in a key is percent-encoded, upper-case hex of the UTF-8 bytes.
 * `.` and `..` too, since as folder names they mean something else.
 */
export function encodeId(id: string): string {
  if (id === '.' || id === '..') return id.replaceAll('.', '%2E');
  return id.replaceAll(/[^A-Za-z0-9._-]/gu, (character) =>
    [...Buffer.from(character, 'utf8')]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

/** The inverse of `encodeId`; undefined for text that it never writes. */
export function decodeId(text: string): string | undefined {
  try {
    const id = decodeURIComponent(text);
    return id !== '' && encodeId(id) === text ? id : undefined;
  } catch {
    return undefined;
  }
}

function dumpName(index: number, count: number): string {
  return count === 1 ? 'dump.rdb' : `dump-${index}-of-${count}.rdb`;
}

function splitBelow(key: string, prefix: string, depth: number): string[] | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const parts = key.slice(prefix.length).split('/');
  return parts.length === depth ? parts : undefined;
}

function parseFolder(source: string, instance: string, stampedBackup: string): ArchiveRef | undefined {
  const startedAt = parseStamp(stampedBackup.slice(0, STAMP_LENGTH));
  const names = [source, instance, stampedBackup.slice(STAMP_LENGTH + 1)].map(decodeId);
  const [sourceName, instanceId, backupId] = names;
  if (stampedBackup[STAMP_LENGTH] !== '_' || startedAt === undefined) return undefined;
  if (sourceName === undefined || instanceId === undefined || backupId === undefined) return undefined;
  return { source: sourceName, instanceId, backupId, startedAt };
}

function parseStamp(stamp: string): Instant | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  return match ? `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z` : undefined;
}
