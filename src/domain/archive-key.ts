/** The layout of the destination: formats and parses every object key. The one place that knows it. */
import { dayOf, type Instant, isInstant, stampOf, toEpoch, toInstant } from './instant.ts';

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

/** What is kept of single archives below `state/`: `holds`, what an `expire` is about to remove, results of drills and verifications. */
export type RecordKind = 'holds' | 'expire' | 'drill' | 'verify';

/**
 * `kept`: sealed keys of backups that the cloud encrypted. `missing`: archives of such backups that were made without their key. `not-opened`:
 * archives that their key did not open.
 */
export const KEY_RECORD_KINDS = ['kept', 'missing', 'not-opened'] as const;
export type KeyRecordKind = (typeof KEY_RECORD_KINDS)[number];

/**
 * Where one attempt alone puts its dumps, in the form that they are stored in: encrypted bytes are others each time, so nobody else may
 * ever write to the same key.
 */
export interface AttemptPlace {
  /** Names the attempt; no two ever have the same. */
  readonly attempt: string;
  /** `.zst.age` */
  readonly suffix: string;
}

/** All keys below one `PREFIX` of a bucket (`''` for its root; no slash at either end). */
export interface ArchiveLayout {
  /** Holds everything. */
  readonly rootPrefix: string;
  manifestKey(ref: ArchiveRef): string;
  /** `dump.rdb`, or `dump-2-of-5.rdb` for one of several (`index` from 1); `place` for bytes that are not the cloud's. */
  dumpKey(ref: ArchiveRef, index: number, count: number, place?: AttemptPlace): string;
  quarantineKey(ref: ArchiveRef, index: number, count: number, place?: AttemptPlace): string;
  quarantineRecordKey(ref: ArchiveRef): string;
  /** Holds the manifests of one source, of one day of it, of one instance in that day. */
  catalogPrefix(source?: string, day?: string, instanceId?: string): string;
  /** Holds the dumps of one instance, oldest first; of all of them where none is given. */
  dataPrefix(source: string, instanceId?: string): string;
  quarantinePrefix(source?: string): string;
  /** Hold all that was ever written of one backup, whatever its attempts were; both end in a slash. */
  dataFolder(ref: ArchiveRef): string;
  quarantineFolder(ref: ArchiveRef): string;
  /** A record about one archive. */
  recordKey(kind: RecordKind, ref: ArchiveRef): string;
  /** Holds the records of one kind, of one instance where that is given. */
  recordPrefix(kind: RecordKind, of?: { readonly source: string; readonly instanceId: string }): string;
  /** What is known of the key of a backup that the cloud encrypted. Lies by day, as the catalog does and for the same reason. */
  keyRecordKey(kind: KeyRecordKind, ref: ArchiveRef): string;
  /** Holds the key records, of one kind and source, of one day of it. */
  keyRecordPrefix(kind?: KeyRecordKind, source?: string, day?: string): string;
  /** What the cloud said of the settings of backups, to one of several shards (from 0). */
  settingsKey(source: string, shard: { readonly index: number; readonly count: number }): string;
  /** What is known of the drills of one source. */
  drillSummaryKey(source: string): string;
  /** What `verify` found at the archives of one source, of one month (`2026-11`). */
  verifiedKey(source: string, month: string): string;
  /** Holds these, of all sources. */
  verifiedPrefix(): string;
  /** The last runs of `verify`. No source's name begins with an underscore. */
  verifyRunsKey(): string;
  /** The segment of the index that an archive's row lies in: by source, month, and a sixteenth of all instances. */
  indexKey(ref: ArchiveRef): string;
  /** Holds the segments of a source. */
  indexPrefix(source: string): string;
  /** Up to when the archives of one instance were expired. */
  expiredKey(instance: Pick<ArchiveRef, 'source' | 'instanceId'>): string;
  /** What the receivers of notifications were told by one of several shards (from 0). */
  notifyStateKey(shard: { readonly index: number; readonly count: number }): string;
  /** Where small objects lie by which it is found out what the store does, and what was seen of it. */
  probeKey(name: string): string;
  /** Undefined for a key that is no manifest of ours. */
  parseManifestKey(key: string): ArchiveRef | undefined;
  /** Undefined for a key that is no dump of ours. */
  parseDataKey(key: string): ArchiveRef | undefined;
  /** Whether a dump of ours may be on its way to this key: below `data/` or `quarantine/`, and named as we name them. */
  isDumpKey(key: string): boolean;
  parseQuarantineRecordKey(key: string): ArchiveRef | undefined;
  /** Undefined for a key that is no such record. */
  parseKeyRecordKey(kind: KeyRecordKind, key: string): ArchiveRef | undefined;
  /** Undefined for a key that is no such record. */
  parseRecordKey(kind: RecordKind, key: string): ArchiveRef | undefined;
}

export function archiveLayout(prefix: string): ArchiveLayout {
  const root = prefix === '' ? '' : `${prefix}/`;
  const folder = (kind: string, ref: ArchiveRef) =>
    `${root}${kind}/${encodeId(ref.source)}/${encodeId(ref.instanceId)}/${stampOf(ref.startedAt)}_${encodeId(ref.backupId)}`;

  const byDay = (kind: string, ref: ArchiveRef) =>
    `${root}${kind}/${encodeId(ref.source)}/${dayOf(ref.startedAt)}/${encodeId(ref.instanceId)}/` +
    `${stampOf(ref.startedAt)}_${encodeId(ref.backupId)}.json`;
  const parseByDay = (kind: string, key: string): ArchiveRef | undefined => {
    const parts = splitBelow(key, `${root}${kind}/`, 4);
    if (!parts) return undefined;
    const [source = '', day, instance = '', name = ''] = parts;
    if (!name.endsWith('.json')) return undefined;
    const ref = parseFolder(source, instance, name.slice(0, -'.json'.length));
    return ref && dayOf(ref.startedAt) === day ? ref : undefined;
  };

  return {
    rootPrefix: root,
    manifestKey: (ref) => byDay('catalog', ref),
    dumpKey: (ref, index, count, place) => `${folder('data', ref)}/${placed(dumpName(index, count), place)}`,
    quarantineKey: (ref, index, count, place) =>
      `${folder('quarantine', ref)}/${placed(dumpName(index, count), place)}`,
    quarantineRecordKey: (ref) => `${folder('quarantine', ref)}/record.json`,

    catalogPrefix(source, day, instanceId) {
      const parts = [`${root}catalog/`];
      if (source !== undefined) parts.push(`${encodeId(source)}/`);
      if (day !== undefined) parts.push(`${day}/`);
      if (instanceId !== undefined) parts.push(`${encodeId(instanceId)}/`);
      return parts.join('');
    },
    dataPrefix: (source, instanceId) =>
      `${root}data/${encodeId(source)}/${instanceId === undefined ? '' : `${encodeId(instanceId)}/`}`,
    quarantinePrefix: (source) => `${root}quarantine/${source === undefined ? '' : `${encodeId(source)}/`}`,
    dataFolder: (ref) => `${folder('data', ref)}/`,
    quarantineFolder: (ref) => `${folder('quarantine', ref)}/`,
    recordKey: (kind, ref) => `${folder(`state/${kind}`, ref)}.json`,
    recordPrefix: (kind, of) =>
      `${root}state/${kind}/${of === undefined ? '' : `${encodeId(of.source)}/${encodeId(of.instanceId)}/`}`,
    keyRecordKey: (kind, ref) => byDay(`state/keys/${kind}`, ref),
    keyRecordPrefix(kind, source, day) {
      const parts = [kind, source === undefined ? undefined : encodeId(source), day];
      return `${root}state/keys/${parts.flatMap((part) => (part === undefined ? [] : `${part}/`)).join('')}`;
    },
    settingsKey: (source, { index, count }) =>
      `${root}state/settings/${encodeId(source)}/${index}-of-${count}.json`,
    drillSummaryKey: (source) => `${root}state/drill-summary/${encodeId(source)}.json`,
    verifiedKey: (source, month) => `${root}state/verify/${encodeId(source)}/${month}.json`,
    verifiedPrefix: () => `${root}state/verify/`,
    verifyRunsKey: () => `${root}state/verify/_runs.json`,
    indexKey: ({ source, startedAt, instanceId }) =>
      `${root}state/index/${encodeId(source)}/${startedAt.slice(0, 7)}/${bucketOf(instanceId)}.parquet`,
    indexPrefix: (source) => `${root}state/index/${encodeId(source)}/`,
    expiredKey: ({ source, instanceId }) =>
      `${root}state/expired/${encodeId(source)}/${encodeId(instanceId)}.json`,
    notifyStateKey: ({ index, count }) => `${root}state/notify/${index}-of-${count}.json`,

    probeKey: (name) => `${root}state/probe/${name}`,

    parseManifestKey: (key) => parseByDay('catalog', key),
    parseKeyRecordKey: (kind, key) => parseByDay(`state/keys/${kind}`, key),
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
    parseRecordKey(kind, key) {
      const [source = '', instance = '', name = ''] = splitBelow(key, `${root}state/${kind}/`, 3) ?? [];
      return name.endsWith('.json')
        ? parseFolder(source, instance, name.slice(0, -'.json'.length))
        : undefined;
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

/** One of sixteen, so that some may be read without the others: FNV-1a of the id's UTF-8 bytes, folded to four bits, as a hex digit. */
function bucketOf(instanceId: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(instanceId, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
  hash ^= hash >>> 16;
  hash ^= hash >>> 8;
  return ((hash ^ (hash >>> 4)) & 15).toString(16);
}

/** `dump.rdb`, or `dump-2-of-5.rdb` for one of several (`index` from 1). */
export function dumpName(index: number, count: number): string {
  return count === 1 ? 'dump.rdb' : `dump-${index}-of-${count}.rdb`;
}

function placed(name: string, place: AttemptPlace | undefined): string {
  return place === undefined ? name : `${encodeId(place.attempt)}/${name}${place.suffix}`;
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
  if (!match) return undefined;
  const instant = `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`;
  // What is in no calendar has no age: nobody could say which archives are older.
  return isInstant(instant) && toInstant(toEpoch(instant)) === instant ? instant : undefined;
}
