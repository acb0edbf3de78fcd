/** A dry expire with an index: the same word on every archive, and no request for those of which the index and the listing say enough. */
import { expect, it } from 'vitest';
import { createCatalog } from '../../src/catalog/catalog.ts';
import { createManifestIndex, type ManifestIndex } from '../../src/catalog/index/manifest-index.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { createDrillRecords } from '../../src/drill/record.ts';
import { buildIndex } from '../../src/index/build-index.ts';
import { createVerifications } from '../../src/verify/verifications.ts';
import { storeOn } from '../support/s3-stores.ts';
import {
  aRule,
  daily,
  first,
  layout,
  openShelf,
  refOf,
  type Shelf,
  type ShelvedArchive,
} from '../support/shelf.ts';

const { signal } = new AbortController();
const dryRun = { confirm: false, signal };
const policy = { rules: [aRule({ keepLast: 2 })], minimum: 2 };
const NO_INDEX: ManifestIndex = {
  month: () => ({ find: async () => undefined, note: () => false, keep: async () => undefined }),
  clear: async () => undefined,
};

async function index(shelf: Shelf): Promise<void> {
  const store = storeOn(shelf.s3, 'aws');
  const catalog = createCatalog(store, layout, shelf.clock);
  const records = {
    verifications: createVerifications(store, layout),
    drills: createDrillRecords(store, layout),
  };
  const ports = { catalog, layout, index: createManifestIndex({ store, layout, catalog }), ...records };
  expect(await buildIndex(ports, {}, signal)).toMatchObject({ problems: [] });
}

const odd = (
  backupId: string,
  daysAgo: number,
  adjust: (manifest: Manifest) => Manifest,
): ShelvedArchive => ({
  ...first(daily(1, { daysAgo })),
  backupId,
  adjust,
});

/** Two plain instances, and in one of them what the index alone cannot judge. */
async function fill(shelf: Shelf): Promise<void> {
  await shelf.put(...daily(40), ...daily(20, { instanceId: 'crs-users02' }));
  await shelf.put(
    odd('moved', 100, (manifest) => ({
      ...manifest,
      files: manifest.files.map((file) => ({ ...file, key: 'redis/data/elsewhere' })),
    })),
    odd('kept-long-by-the-cloud', 110, (manifest) => ({
      ...manifest,
      backup: { ...manifest.backup, expiresAt: '2027-01-01T00:00:00Z' },
    })),
    odd('encrypted', 120, (manifest) => ({ ...manifest, backup: { ...manifest.backup, encrypted: true } })),
  );
}

const asked = ({ s3 }: Shelf) =>
  s3.requests.filter(({ operation, key }) => /Get|Head/.test(operation) && /catalog|data/.test(key));

it('says of every archive what it says without, and asks for none of the plain ones that go', async () => {
  const shelf = await openShelf();
  await fill(shelf);
  const without = await shelf.retention(policy, { index: NO_INDEX }).expire(dryRun);
  expect(without.items.filter(({ action }) => action === 'expire')).toHaveLength(57);
  await index(shelf);
  shelf.s3.forgetRequests();
  expect(await shelf.retention(policy).expire(dryRun)).toEqual(without);
  const floor = daily(2).flatMap((one) => [layout.manifestKey(refOf(one)), layout.dumpKey(refOf(one), 1, 1)]);
  const keys = new Set(asked(shelf).map(({ key }) => key));
  for (const key of floor) expect(keys).toContain(key);
  // The floor of two instances, and three manifests to be read.
  expect(asked(shelf)).toHaveLength(2 * 4 + 2);
});

it('asks for the locks of what goes where the bucket can lock, or does not say', async () => {
  const shelf = await openShelf();
  await fill(shelf);
  await index(shelf);
  shelf.s3.behaviour.objectLock = true;
  const locked = shelf.keys('data/').find((key) => key.includes('backup-39')) ?? '';
  const object = shelf.s3.objects.get(locked);
  const storage = { lock: { mode: 'COMPLIANCE', until: '2027-01-01T00:00:00.000Z' } };
  if (object) shelf.s3.objects.set(locked, { ...object, storage });
  for (const say of [() => {}, () => shelf.s3.denied.add('GetObjectLockConfiguration')]) {
    say();
    const { items } = await shelf.retention(policy).expire(dryRun);
    expect(
      items.find(({ backupId, instanceId }) => backupId === 'backup-39' && instanceId === 'crs-orders01'),
    ).toMatchObject({ action: 'keep', reasons: [{ cause: 'locked' }] });
  }
});

it('is not believed where something is deleted: every manifest is read then', async () => {
  const shelf = await openShelf();
  await fill(shelf);
  await index(shelf);
  shelf.s3.forgetRequests();
  const report = await shelf.retention(policy).expire({ confirm: true, signal });
  const gone = report.items.filter(({ action }) => action === 'expired');
  expect(gone).toHaveLength(57);
  const read = new Set(
    shelf.s3.requests.filter(({ operation }) => operation === 'GetObject').map(({ key }) => key),
  );
  for (const one of gone) expect(read).toContain(layout.manifestKey(one));
});
