/** The layout of the destination: keys as documented, and back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArchiveRef, archiveLayout, decodeId, encodeId } from '../../src/domain/archive-key.ts';
import { toInstant } from '../../src/domain/instant.ts';

const REF: ArchiveRef = {
  source: 'ap-guangzhou',
  instanceId: 'crs-ab12cd34',
  backupId: '154572601-1165734322',
  startedAt: '2026-11-24T02:15:00Z',
};

const ids = fc.oneof(
  fc.string({ minLength: 1, unit: 'grapheme' }),
  fc.string({ minLength: 1, unit: 'binary' }).filter((text) => text.isWellFormed()),
  fc.constantFrom('.', '..', 'a/b', 'a_b', '%2F', 'ä ö', 'x.json', '20261124T021500Z_x', '日本'),
);
const refs = fc.record({
  source: ids,
  instanceId: ids,
  backupId: ids,
  startedAt: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => toInstant(seconds * 1000)),
});

describe('archive keys', () => {
  it('are the documented ones, below the prefix', () => {
    const layout = archiveLayout('redis/prod');
    expect(layout.manifestKey(REF)).toBe(
      'redis/prod/catalog/ap-guangzhou/2026-11-24/crs-ab12cd34/20261124T021500Z_154572601-1165734322.json',
    );
    const folder = 'redis/prod/data/ap-guangzhou/crs-ab12cd34/20261124T021500Z_154572601-1165734322';
    expect(layout.dumpKey(REF, 1, 1)).toBe(`${folder}/dump.rdb`);
    expect(layout.dumpKey(REF, 2, 5)).toBe(`${folder}/dump-2-of-5.rdb`);
    expect(layout.quarantineRecordKey(REF)).toBe(`${folder.replace('/data/', '/quarantine/')}/record.json`);
    expect(layout.catalogPrefix('ap-guangzhou', '2026-11-24')).toBe(
      'redis/prod/catalog/ap-guangzhou/2026-11-24/',
    );
  });

  it('lie in folders that can be listed one by one', () => {
    const layout = archiveLayout('redis/prod');
    expect(layout.rootPrefix).toBe('redis/prod/');
    expect(layout.catalogPrefix()).toBe('redis/prod/catalog/');
    expect(layout.catalogPrefix('a b')).toBe('redis/prod/catalog/a%20b/');
    expect(layout.dataPrefix('a b', 'crs/1')).toBe('redis/prod/data/a%20b/crs%2F1/');
    expect(layout.quarantinePrefix('a b')).toBe('redis/prod/quarantine/a%20b/');
    expect(layout.notifyStateKey({ index: 2, count: 5 })).toBe('redis/prod/state/notify/2-of-5.json');
    expect(layout.probeKey('put')).toBe('redis/prod/state/probe/put');
    expect(archiveLayout('').rootPrefix).toBe('');
  });

  it('of what is kept besides archives are the documented ones', () => {
    const layout = archiveLayout('redis/prod');
    const name = 'ap-guangzhou/crs-ab12cd34/20261124T021500Z_154572601-1165734322';
    expect(layout.dataFolder(REF)).toBe(`redis/prod/data/${name}/`);
    expect(layout.quarantineFolder(REF)).toBe(`redis/prod/quarantine/${name}/`);
    expect(layout.dataPrefix('a b')).toBe('redis/prod/data/a%20b/');
    expect(layout.quarantinePrefix()).toBe('redis/prod/quarantine/');
    expect(layout.keyRecordKey('kept', REF)).toBe(
      'redis/prod/state/keys/kept/ap-guangzhou/2026-11-24/crs-ab12cd34/20261124T021500Z_154572601-1165734322.json',
    );
    expect(layout.keyRecordPrefix('missing', 'a b', '2026-11-24')).toBe(
      'redis/prod/state/keys/missing/a%20b/2026-11-24/',
    );
    expect(layout.keyRecordPrefix('missing', 'a b')).toBe('redis/prod/state/keys/missing/a%20b/');
    expect(layout.keyRecordPrefix()).toBe('redis/prod/state/keys/');
    expect(layout.catalogPrefix('a b', '2026-11-24', 'crs/1')).toBe(
      'redis/prod/catalog/a%20b/2026-11-24/crs%2F1/',
    );
    for (const kind of ['holds', 'expire', 'drill', 'verify'] as const) {
      expect(layout.recordKey(kind, REF)).toBe(`redis/prod/state/${kind}/${name}.json`);
      expect(layout.recordPrefix(kind)).toBe(`redis/prod/state/${kind}/`);
      expect(layout.recordPrefix(kind, { source: 'a b', instanceId: 'crs/1' })).toBe(
        `redis/prod/state/${kind}/a%20b/crs%2F1/`,
      );
    }
    expect(layout.drillSummaryKey('a b')).toBe('redis/prod/state/drill-summary/a%20b.json');
    expect(layout.verifiedKey('a b', '2026-11')).toBe('redis/prod/state/verify/a%20b/2026-11.json');
    expect(layout.verifiedPrefix()).toBe('redis/prod/state/verify/');
  });

  it('of encrypted and compressed dumps lie in a folder that the attempt alone has', () => {
    const layout = archiveLayout('p');
    const place = { attempt: 'run/1', suffix: '.zst.age' };
    const folder = '/ap-guangzhou/crs-ab12cd34/20261124T021500Z_154572601-1165734322/run%2F1';
    expect(layout.dumpKey(REF, 1, 1, place)).toBe(`p/data${folder}/dump.rdb.zst.age`);
    expect(layout.quarantineKey(REF, 2, 3, place)).toBe(`p/quarantine${folder}/dump-2-of-3.rdb.zst.age`);
  });

  it('begin at the bucket’s root where no prefix is configured', () => {
    expect(archiveLayout('').dumpKey(REF, 1, 1)).toMatch(/^data\/ap-guangzhou\//);
  });

  it('lead back to the same source, instance, backup and time, whatever the cloud calls them', () => {
    fc.assert(
      fc.property(refs, fc.constantFrom('', 'p', 'a/b'), (ref, prefix) => {
        const layout = archiveLayout(prefix);
        expect(layout.parseManifestKey(layout.manifestKey(ref))).toEqual(ref);
        expect(layout.parseKeyRecordKey('kept', layout.keyRecordKey('kept', ref))).toEqual(ref);
        expect(layout.parseKeyRecordKey('missing', layout.keyRecordKey('kept', ref))).toBeUndefined();
        expect(layout.parseDataKey(layout.dumpKey(ref, 1, 2))).toEqual(ref);
        expect(layout.parseQuarantineRecordKey(layout.quarantineRecordKey(ref))).toEqual(ref);
      }),
    );
  });

  it('never leave their folder, nor mean another one, whatever an id holds', () => {
    fc.assert(
      fc.property(refs, (ref) => {
        const parts = archiveLayout('').dumpKey(ref, 1, 1).split('/');
        expect(parts).toHaveLength(5);
        expect(parts).not.toContain('..');
        expect(parts).not.toContain('.');
        expect(parts.join('/')).toMatch(/^[A-Za-z0-9._%/-]+$/);
      }),
    );
  });

  it('are different for different ids', () => {
    fc.assert(
      fc.property(ids, ids, (left, right) => {
        expect(encodeId(left) === encodeId(right)).toBe(left === right);
        expect(decodeId(encodeId(left))).toBe(left);
      }),
    );
  });

  it('are percent-encoded in upper-case hex of the UTF-8 bytes', () => {
    expect(encodeId('a b/ü')).toBe('a%20b%2F%C3%BC');
    expect(encodeId('..')).toBe('%2E%2E');
    expect(encodeId('a.b')).toBe('a.b');
  });

  it('are not taken for ours when anything about them is not', () => {
    const layout = archiveLayout('p');
    const strangers = [
      'catalog/s/2026-11-24/i/20261124T021500Z_b.json',
      'p/catalog/s/2026-11-23/i/20261124T021500Z_b.json',
      'p/catalog/s/2026-11-24/i/20261124T021500Z_b.txt',
      'p/catalog/s/2026-11-24/i/b.json',
      'p/catalog/s/2026-11-24/i/extra/20261124T021500Z_b.json',
      'p/catalog/s/2026-11-24/i/20261124T021500Z_%2f.json',
      'p/catalog/s/2026-11-24/i/20261124T021500Z_%zz.json',
      'p/catalog/s/2026-11-24/i/20261124T021500Z_.json',
    ];
    for (const key of strangers) expect(layout.parseManifestKey(key), key).toBeUndefined();
  });

  it('of manifests need a stamp, a mark behind it and an id, all of them whole', () => {
    const layout = archiveLayout('p');
    const inDay = (name: string) => layout.parseManifestKey(`p/catalog/s/2026-11-24/i/${name}`);
    expect(inDay('20261124T021500Z_b.json')).toEqual({
      source: 's',
      instanceId: 'i',
      backupId: 'b',
      startedAt: '2026-11-24T02:15:00Z',
    });
    for (const name of [
      '20261124T021500Z-b.json',
      '20261124T0215000_b.json',
      '2026112T0215000Z_b.json',
      'x20261124T021500Z_b.json',
      '20261124T021500Z_b',
      '20261124T021500Z_b.jsonl',
      '.json',
    ])
      expect(inDay(name), name).toBeUndefined();
    expect(layout.parseManifestKey('p/catalog//2026-11-24/i/20261124T021500Z_b.json')).toBeUndefined();
    expect(layout.parseManifestKey('p/catalog/s/2026-11-24//20261124T021500Z_b.json')).toBeUndefined();
    expect(layout.parseManifestKey('q/catalog/s/2026-11-24/i/20261124T021500Z_b.json')).toBeUndefined();
  });

  it('of dumps are known by their folders alone, whatever lies in them', () => {
    const layout = archiveLayout('p');
    const ref = { source: 's', instanceId: 'i', backupId: 'b', startedAt: '2026-11-24T02:15:00Z' };
    expect(layout.parseDataKey('p/data/s/i/20261124T021500Z_b/dump.rdb')).toEqual(ref);
    expect(layout.parseDataKey('p/data/s/i/20261124T021500Z_b/attempt/dump.rdb.zst')).toEqual(ref);
    for (const key of [
      'data/s/i/20261124T021500Z_b/dump.rdb',
      'q/data/s/i/20261124T021500Z_b/dump.rdb',
      'p/quarantine/s/i/20261124T021500Z_b/dump.rdb',
      'p/data/',
      'p/data/s',
      'p/data/s/i',
      'p/data/s/i/notes.txt',
      'p/data//i/20261124T021500Z_b/dump.rdb',
      'p/data/s//20261124T021500Z_b/dump.rdb',
    ])
      expect(layout.parseDataKey(key), key).toBeUndefined();
  });

  it('of quarantine records are no dumps beside them', () => {
    const layout = archiveLayout('p');
    const folder = 'p/quarantine/s/i/20261124T021500Z_b';
    expect(layout.parseQuarantineRecordKey(`${folder}/record.json`)).toMatchObject({ backupId: 'b' });
    for (const key of [
      `${folder}/dump.rdb`,
      `${folder}/more/record.json`,
      'p/quarantine/s/i/record.json',
      'p/data/s/i/20261124T021500Z_b/record.json',
      'record.json',
    ])
      expect(layout.parseQuarantineRecordKey(key), key).toBeUndefined();
  });
});
