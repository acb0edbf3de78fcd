/** What `index` keeps is queried by a real DuckDB, with the very queries of the documentation. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, onTestFinished, test } from 'vitest';
import { createCatalog } from '../../src/catalog/catalog.ts';
import { createManifestIndex } from '../../src/catalog/index/manifest-index.ts';
import { createDrillRecords } from '../../src/drill/record.ts';
import { buildIndex } from '../../src/index/build-index.ts';
import { createVerifications } from '../../src/verify/verifications.ts';
import { storeOn } from '../support/s3-stores.ts';
import {
  first,
  layout,
  openShelf,
  refOf,
  type Shelf,
  type ShelvedArchive,
  SOURCE,
} from '../support/shelf.ts';

const { signal } = new AbortController();

const archive = (instanceId: string, day: string): ShelvedArchive => ({
  instanceId,
  backupId: `backup-${day}`,
  startedAt: `${day}T02:15:00Z`,
  name: `name of ${instanceId}`,
});
const archives = [
  ...['2026-09-30', '2026-10-01', '2026-11-22', '2026-11-23'].map((day) => archive('crs-orders01', day)),
  ...['2026-10-02', '2026-11-22'].map((day) => archive('crs-users02', day)),
];

function portsOf(shelf: Shelf) {
  const store = storeOn(shelf.s3, 'aws');
  const catalog = createCatalog(store, layout, shelf.clock);
  return {
    catalog,
    layout,
    index: createManifestIndex({ store, layout, catalog }),
    verifications: createVerifications(store, layout),
    drills: createDrillRecords(store, layout),
  };
}

/** The statements of the documentation, in their order. */
function documented(folder: string): string[] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/index-queries.md'), 'utf8');
  return [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, statement = '']) =>
    statement.replace('s3://redis-archive/production', folder).replace('current_date', "DATE '2026-11-24'"),
  );
}

async function answers(shelf: Shelf): Promise<unknown[][][]> {
  const folder = mkdtempSync(join(tmpdir(), 'index-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const key of shelf.keys('state/index/')) {
    const file = join(folder, key.slice('redis/'.length));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, shelf.s3.bytesOf(key) ?? '');
  }
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  const found: unknown[][][] = [];
  for (const statement of documented(folder)) {
    const rows = await connection.runAndReadAll(statement);
    found.push(rows.getRowsJson() as unknown[][]);
  }
  connection.closeSync();
  return found.slice(1);
}

test('DuckDB tells which instance lacks a day, how much came in each month, and what was not verified for long', async () => {
  const shelf = await openShelf();
  await shelf.put(...archives);
  const ports = portsOf(shelf);
  const verified = (one: ShelvedArchive, at: string) => [refOf(one), { at, result: 'ok' as const }] as const;
  const [oldest, ...others] = archives;
  await ports.verifications.save(
    [
      ...others.map((one) => verified(one, '2026-11-20T00:00:00Z')),
      verified(oldest ?? first(others), '2026-08-01T00:00:00Z'),
    ],
    () => false,
    { signal },
  );
  const report = await buildIndex(ports, {}, signal);
  expect(report).toEqual({
    problems: [],
    exitCode: 0,
    items: [
      { source: SOURCE, month: '2026-09', archives: 1, read: 1, unprovable: 0 },
      { source: SOURCE, month: '2026-10', archives: 2, read: 2, unprovable: 0 },
      { source: SOURCE, month: '2026-11', archives: 3, read: 3, unprovable: 0 },
    ],
  });
  const bytes = (...these: ShelvedArchive[]) =>
    String(these.reduce((sum, one) => sum + `the dump at ${layout.dumpKey(refOf(one), 1, 1)}`.length, 0));
  const [lacking, months, unverified] = await answers(shelf);
  expect(lacking).toEqual([[SOURCE, 'crs-users02', 'name of crs-users02', '2026-11-22 02:15:00']]);
  const by = (month: string) => archives.filter(({ startedAt }) => startedAt.startsWith(month));
  expect(months).toEqual(
    ['2026-09', '2026-10', '2026-11'].map((month) => {
      const sum = bytes(...by(month));
      return [month, String(by(month).length), sum, sum];
    }),
  );
  expect(unverified).toEqual([
    [SOURCE, 'crs-orders01', 'backup-2026-09-30', '2026-09-30 02:15:00', '2026-08-01 00:00:00'],
  ]);
});

test('an index that is up to date is not written again, and what has gone leaves it', async () => {
  const shelf = await openShelf();
  await shelf.put(...archives);
  await buildIndex(portsOf(shelf), {}, signal);
  const whole = new Map(shelf.keys('state/index/').map((key) => [key, shelf.s3.bytesOf(key)]));
  shelf.s3.forgetRequests();
  const again = await buildIndex(portsOf(shelf), {}, signal);
  expect(again.items.map(({ read }) => read)).toEqual([0, 0, 0]);
  expect(shelf.s3.counts.get('PutObject')).toBeUndefined();

  const [gone] = archives;
  shelf.s3.objects.delete(layout.manifestKey(refOf(gone ?? first(archives))));
  await buildIndex(portsOf(shelf), {}, signal);
  expect(shelf.keys('state/index/')).toEqual([...whole.keys()]);
  const [, months] = await answers(shelf);
  expect(months?.map(([month]) => month)).toEqual(['2026-10', '2026-11']);
});

test('an index that may not be written is told, with what is damaged', async () => {
  const shelf = await openShelf();
  await shelf.put(...archives);
  await shelf.putText(layout.manifestKey(refOf(archive('crs-orders01', '2026-11-20'))), 'torn');
  shelf.s3.denied.add('PutObject');
  const report = await buildIndex(portsOf(shelf), {}, signal);
  expect(report.exitCode).toBe(11);
  expect(report.problems.map(({ message }) => message).join('\n')).toMatch(/is not JSON.*\n.*AccessDenied/s);
});
