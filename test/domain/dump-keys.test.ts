/** Which keys a sweep may take for uploads of ours. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { archiveLayout } from '../../src/domain/archive-key.ts';

const ids = fc.string({ minLength: 1, unit: 'grapheme' });
const refs = fc.record({
  source: ids,
  instanceId: ids,
  backupId: ids,
  startedAt: fc.constant('2026-11-24T02:15:00Z'),
});

test('every dump on its way is known as ours, below data/ and below quarantine/', () => {
  fc.assert(
    fc.property(
      refs,
      fc.constantFrom('', 'production', 'a/b'),
      fc.integer({ min: 1, max: 9 }),
      (ref, prefix, count) => {
        const layout = archiveLayout(prefix);
        expect(layout.isDumpKey(layout.dumpKey(ref, 1, count))).toBe(true);
        expect(layout.isDumpKey(layout.quarantineKey(ref, count, count))).toBe(true);
        const place = { attempt: '20261124T021500Z-0a1b2c3d-2', suffix: '.zst.age' };
        const stored = layout.dumpKey(ref, 1, count, place);
        expect(layout.isDumpKey(stored)).toBe(true);
        expect(layout.isDumpKey(layout.quarantineKey(ref, 1, count, place))).toBe(true);
        expect(stored.startsWith(layout.dataFolder(ref))).toBe(true);
        expect(layout.parseDataKey(stored)).toEqual(ref);
        expect(layout.isDumpKey(layout.manifestKey(ref))).toBe(false);
        expect(layout.isDumpKey(layout.quarantineRecordKey(ref))).toBe(false);
      },
    ),
  );
});

test.each([
  'data/gz/crs-a/20261124T021500Z_1/notes.txt',
  'data/gz/crs-a/20261124T021500Z_1/my-dump.rdb',
  'data/gz/crs-a/20261124T021500Z_1/dump.rdb.zst!',
  'data/gz/crs-a/20261124T021500Z_1/dump-2-of.rdb',
  'data/gz/crs-a/2026-11-24_1/dump.rdb',
  'data/gz/crs-a/dump.rdb',
  'other/gz/crs-a/20261124T021500Z_1/dump.rdb',
  'state/probe/multipart',
  'dump.rdb',
])('%s is none of ours', (key) => {
  expect(archiveLayout('').isDumpKey(key)).toBe(false);
  expect(archiveLayout('elsewhere').isDumpKey(key)).toBe(false);
});

test.each(['dump.rdb.zst', 'ATTEMPT-1/dump.rdb.zst.age', 'a1b2/dump-2-of-5.rdb.age'])(
  'a compressed or encrypted dump is one of ours: %s',
  (name) => {
    expect(archiveLayout('p').isDumpKey(`p/data/gz/crs-a/20261124T021500Z_1/${name}`)).toBe(true);
  },
);

test('a shard of a large cluster is ours, in whatever form it is stored', () => {
  for (const name of [
    'dump-2-of-3.rdb',
    'dump-128-of-128.rdb',
    'dump-10-of-12.rdb.zst.age',
    'attempt-7/dump.rdb.gz',
  ])
    expect(archiveLayout('').isDumpKey(`data/gz/crs-a/20261124T021500Z_1/${name}`), name).toBe(true);
});
