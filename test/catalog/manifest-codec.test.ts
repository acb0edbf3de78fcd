/** Manifests as bytes: nothing is lost in writing, and nothing that is not ours is taken for one in reading. */
import { describe, expect, it } from 'vitest';
import { decodeManifest, encodeManifest } from '../../src/catalog/manifest-codec.ts';
import { ArchiverError } from '../../src/domain/errors.ts';
import { aManifest } from '../support/manifest.ts';

const KEY = 'redis/catalog/prod/2026-11-24/crs-orders01/20261124T021500Z_backup-1.json';
const [file] = aManifest().files;

/** What reading these bytes comes to: nothing wrong, or the error. */
function wrongWith(text: string): ArchiverError | undefined {
  try {
    decodeManifest(Buffer.from(text), KEY);
    return undefined;
  } catch (error) {
    if (error instanceof ArchiverError) return error;
    throw error;
  }
}

/** The manifest with the value at a path (`files.0.size`) replaced, or taken away where it is undefined. */
function withValue(path: string, value: unknown): string {
  const json = JSON.parse(JSON.stringify(aManifest())) as Record<string, unknown>;
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  const holder = steps.reduce((at, step) => at[step] as Record<string, unknown>, json);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return JSON.stringify(json);
}

describe('a manifest', () => {
  it('is read as it was written, every field of it', () => {
    const whole = aManifest();
    const stored = { ...file, stored: { encoding: 'zstd', size: 700, sha256: 'ef'.repeat(32) } };
    const bare = { name: 'redis-2.rdb', key: 'redis/data/x', size: 0, sha256: '00'.repeat(32) };
    const gone = aManifest({ instance: { ...whole.instance, vanished: true } });
    for (const manifest of [whole, gone, aManifest({ files: [stored, bare] } as object)])
      expect(decodeManifest(encodeManifest(manifest), KEY)).toEqual(manifest);
  });

  it('is read with the counts of its keys, where they were counted', () => {
    const contents = { keys: 3, expiring: 1, databases: { 0: 2, 15: 1 } };
    const counted = aManifest({
      files: [{ ...file, rdb: { version: 10, checksum: 'absent', contents } }],
    } as object);
    expect(decodeManifest(encodeManifest(counted), KEY)).toEqual(counted);
    for (const wrong of [{ keys: -1 }, { keys: 1, expiring: 0 }, { ...contents, databases: { first: 1 } }])
      expect(wrongWith(withValue('files.0.rdb.contents', wrong))?.code, JSON.stringify(wrong)).toBe(
        'archive-damaged',
      );
  });

  it('is written for people: indented, with a newline at its end', () => {
    const text = Buffer.from(encodeManifest(aManifest())).toString('utf8');
    expect(text.startsWith('{\n  "schema": "rdb-archiver/manifest@1",\n')).toBe(true);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('of a version to come is told as such, whatever else is in it', () => {
    expect(wrongWith(JSON.stringify({ schema: 'rdb-archiver/manifest@2' }))).toMatchObject({
      code: 'newer-version',
      exit: 3,
      message: `the manifest ${KEY} is rdb-archiver/manifest@2, which this version cannot read`,
    });
  });

  it.each([
    ['source.api', 'tencent-v4'],
    ['files.0.stored', { encoding: 'brotli', size: 700, sha256: 'ab'.repeat(32) }],
    ['files.0.rdb.family', 'dragonfly'],
    ['files.0.more', 1],
    ['archiver.more', {}],
  ])('whose %s is %j is of a newer program and an archive all the same', (path, value) => {
    expect(wrongWith(withValue(path, value))).toBeUndefined();
  });

  it.each([
    'instance.version',
    'backup.endedAt',
    'backup.expiresAt',
    'backup.remark',
    'files.0.announcedSize',
    'files.0.etag',
    'files.0.rdb',
    'files.0.rdb.family',
    'files.0.rdb.serverVersion',
    'files.0.rdb.redisVersion',
    'files.0.rdb.createdAt',
  ])('may lack %s', (path) => {
    expect(wrongWith(withValue(path, path === 'instance.version' ? null : undefined))).toBeUndefined();
  });

  it('may hold more than this version knows', () => {
    expect(wrongWith(withValue('files.0.colour', 'red'))).toBeUndefined();
    expect(wrongWith(withValue('since', 'tomorrow'))).toBeUndefined();
  });

  it('may name a family of servers that this version does not know', () => {
    const later = withValue('files.0.rdb.family', 'garnet');
    expect(wrongWith(later)).toBeUndefined();
    expect(decodeManifest(Buffer.from(later), 'a key').files[0]?.rdb?.family).toBeUndefined();
  });

  it('keeps what version 0.1 wrote about a dump, and what only the odd ones have', () => {
    const rdb = { version: 10, redisVersion: '7.0.15', checksum: 'verified' };
    for (const facts of [rdb, { ...rdb, version: 0, magic: 'OTHERS001', trailingBytes: 40 }]) {
      const bytes = Buffer.from(withValue('files.0.rdb', facts));
      expect(decodeManifest(bytes, 'a key').files[0]?.rdb).toEqual(facts);
    }
  });

  it('may give its times in fractions of a second', () => {
    expect(wrongWith(withValue('archivedAt', '2026-11-24T03:00:00.125Z'))).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['source.name', undefined],
    ['source.region', 7],
    ['instance.id', undefined],
    ['instance.name', undefined],
    ['instance.engine', undefined],
    ['instance.version', undefined],
    ['instance.shards', 1.5],
    ['instance.tags', { env: 1 }],
    ['backup.id', undefined],
    ['backup.type', 1],
    ['backup.startedAt', undefined],
    ['backup.startedAt', '2026-11-24'],
    ['backup.startedAt', '2026-11-24T02:15:00'],
    ['backup.startedAt', 'at 2026-11-24T02:15:00Z'],
    ['backup.startedAt', '2026-11-24T02:15:00Z or so'],
    ['backup.endedAt', 'later'],
    ['backup.expiresAt', 'later'],
    ['backup.encrypted', 'no'],
    ['files', []],
    ['files.0.name', undefined],
    ['files.0.key', ''],
    ['files.0.size', -1],
    ['files.0.size', 0.5],
    ['files.0.size', '4000'],
    ['files.0.sha256', 'ab'.repeat(31)],
    ['files.0.sha256', 'ab'.repeat(33)],
    ['files.0.sha256', 'AB'.repeat(32)],
    ['files.0.announcedSize', -1],
    ['files.0.stored', { encoding: 'zstd', size: 700 }],
    ['files.0.stored', { encoding: 'zstd', size: -1, sha256: 'ab'.repeat(32) }],
    ['files.0.rdb.version', undefined],
    ['files.0.rdb.checksum', 'unknown'],
    ['files.0.rdb.createdAt', 'yesterday'],
    ['archivedAt', undefined],
    ['archiver.version', undefined],
    ['archiver.runId', undefined],
  ])('whose %s is %j is damaged, and the message says where', (path, value) => {
    const error = wrongWith(withValue(path, value));
    expect(error?.code).toBe('archive-damaged');
    expect(error?.message).toContain(KEY);
    expect(error?.message).toContain(`${path}`);
  });

  it.each(['', 'not JSON', '{"schema":"rdb-archiver/manifest@1"', '[]', 'null', '"text"'])(
    'is not what reads %j',
    (text) => {
      const error = wrongWith(text);
      expect(error?.code).toBe('archive-damaged');
      expect(error?.message).toContain(KEY);
    },
  );
});
