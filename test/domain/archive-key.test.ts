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

  it('begin at the bucket’s root where no prefix is configured', () => {
    expect(archiveLayout('').dumpKey(REF, 1, 1)).toMatch(/^data\/ap-guangzhou\//);
  });

  it('lead back to the same source, instance, backup and time, whatever the cloud calls them', () => {
    fc.assert(
      fc.property(refs, fc.constantFrom('', 'p', 'a/b'), (ref, prefix) => {
        const layout = archiveLayout(prefix);
        expect(layout.parseManifestKey(layout.manifestKey(ref))).toEqual(ref);
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
});
