/** Records of ours that a newer version of the program has written: told as that, never taken for damage, and overwritten by nobody. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createExpiredThrough } from '../../src/catalog/expired-through.ts';
import { createKeyRecords } from '../../src/catalog/key-records.ts';
import { createQuarantine } from '../../src/catalog/quarantine.ts';
import { archiveLayout } from '../../src/domain/archive-key.ts';
import { createDrillRecords } from '../../src/drill/record.ts';
import type { DrillItem } from '../../src/drill/report.ts';
import { createHolds } from '../../src/expire/holds.ts';
import { createFileStore } from '../../src/store/file/file-store.ts';
import { systemClock } from '../../src/system-clock.ts';
import { createVerifications } from '../../src/verify/verifications.ts';

const options = { signal: new AbortController().signal };
const AT = '2026-11-24T02:15:00Z';
const ref = { source: 'prod', instanceId: 'crs-1', backupId: '1-2-3', startedAt: AT };
const layout = archiveLayout('');
const drilled = { ...ref, at: AT, outcome: 'passed' } as DrillItem;
const run = { at: AT, archives: 1, damaged: 0, unreadable: 0, bytesRead: 1 };
const newerVersion = {
  code: 'newer-version',
  exit: 3,
  message: expect.stringContaining('@2, which this version cannot read'),
};

/** A folder in which this lies at the key, as a version to come would say it. */
function folderWith(key: string, kind: string) {
  const directory = mkdtempSync(join(tmpdir(), 'archiver-newer-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, key);
  const text = JSON.stringify({ schema: `rdb-archiver/${kind}@2`, what: 'nobody knows yet' });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  const store = createFileStore({ directory });
  return { store, untouched: () => expect(readFileSync(path, 'utf8')).toBe(text) };
}

type Store = ReturnType<typeof createFileStore>;

describe.each<[kind: string, key: string, use: (store: Store) => Record<string, () => Promise<unknown>>]>([
  [
    'hold',
    layout.recordKey('holds', ref),
    (store) => {
      const holds = createHolds(store, layout);
      return { say: () => holds.say(ref, { action: 'release', at: AT, reason: 'x' }, options) };
    },
  ],
  [
    'drill',
    layout.recordKey('drill', ref),
    (store) => {
      const records = createDrillRecords(store, layout);
      return { find: () => records.find(ref, options), keep: () => records.keep(drilled, options) };
    },
  ],
  [
    'drill-summary',
    layout.drillSummaryKey('prod'),
    (store) => {
      const records = createDrillRecords(store, layout);
      const summary = { source: 'prod', lastDrilledAt: AT, failing: [] };
      return {
        read: () => records.summary('prod', options),
        keep: () => records.keepSummary(summary, options),
      };
    },
  ],
  [
    'verified',
    layout.verifiedKey('prod', '2026-11'),
    (store) => {
      const verifications = createVerifications(store, layout);
      return {
        damaged: () => verifications.damaged(options),
        save: () => verifications.save([[ref, { at: AT, result: 'ok' }]], () => false, options),
      };
    },
  ],
  [
    'verify-runs',
    layout.verifyRunsKey(),
    (store) => {
      const verifications = createVerifications(store, layout);
      return { runs: () => verifications.runs(options), addRun: () => verifications.addRun(run, options) };
    },
  ],
  [
    'quarantine',
    layout.quarantineRecordKey(ref),
    (store) => {
      const quarantine = createQuarantine(store, layout);
      return {
        find: () => quarantine.find(ref, options),
        keep: () => quarantine.keep(ref, [], { runId: 'r', now: AT }, options),
      };
    },
  ],
  [
    'backup-key',
    layout.keyRecordKey('kept', ref),
    (store) => ({ find: () => createKeyRecords(store, layout, systemClock).find(ref, options) }),
  ],
  [
    'expired',
    layout.expiredKey(ref),
    (store) => ({ advance: () => createExpiredThrough(store, layout).advance(ref, AT, options) }),
  ],
])('a record of the kind %s', (kind, key, use) => {
  it('of a version to come is said to be that by all who would use it or write it anew, and stays as it is', async () => {
    const { store, untouched } = folderWith(key, kind);
    for (const [name, work] of Object.entries(use(store)))
      await expect(work(), name).rejects.toMatchObject(newerVersion);
    untouched();
  });
});

it('what a newer version has said of an archive holds it', async () => {
  const { store } = folderWith(layout.recordKey('holds', ref), 'hold');
  expect(await createHolds(store, layout).find(ref, options)).toMatchObject({ held: true });
});

it('of archives that a newer version has verified a sample says so, and counts them as never verified', async () => {
  const { store } = folderWith(layout.verifiedKey('prod', '2026-11'), 'verified');
  const tell = () => expect.unreachable('nothing is known of it');
  const lost = await createVerifications(store, layout).known('prod', '2026-11', tell, options);
  expect(lost).toContain('verified@2');
});
