/** Ready-made worlds: the one of the demo, and fleets of any size for tests and benchmarks. */
import type { Clock } from '../domain/clock.ts';
import type { Dump } from './dump.ts';
import { encryptedDump, keyFrom } from './encrypted-dump.ts';
import { type RealDumpName, realDump } from './real-dumps.ts';
import { syntheticDump } from './synthetic-dump.ts';
import { createWorld, type SandboxFile, type World } from './world.ts';

/** Of the customer of the default world. */
const KMS_KEY = '6d0b1a52-0f0c-4a3e-9a55-5f2f0c1d7e88';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/**
 * A small company's Redis in `ap-guangzhou`, as of now, with dumps that a real redis-server wrote. Ten backups can be had (eleven
 * files), one of them encrypted by the cloud and two of an instance that was deleted; one is still being made, one has expired.
 */
export function defaultWorld(clock: Pick<Clock, 'now'>): World {
  const world = createWorld(clock);
  const now = Math.floor(clock.now() / 1000) * 1000;
  const daysAgo = (days: number): number => now - days * DAY_MS - 3 * HOUR_MS;
  const file = (dump: RealDumpName, name = `100-200-redis-server-7.0-${dump}`): SandboxFile => ({
    name,
    dump: realDump(dump),
  });

  const orders = world.addInstance({
    id: 'crs-orders01',
    name: 'orders',
    tags: { env: 'production', team: 'shop' },
  });
  world.addBackup(orders.id, { startedAt: daysAgo(8), files: [file('standard-1.rdb')] });
  world.addBackup(orders.id, { startedAt: daysAgo(5), files: [file('standard-1.rdb')] });
  world.addBackup(orders.id, {
    startedAt: daysAgo(3),
    files: [file('standard-2.rdb')],
    type: '0',
    remark: 'before upgrade',
  });
  world.addBackup(orders.id, { startedAt: daysAgo(1), files: [file('standard-3.rdb')] });
  world.addBackup(orders.id, { startedAt: now - 60_000, status: 1 });

  const fresh = world.addInstance({ id: 'crs-fresh002', name: 'fresh-and-empty', tags: { env: 'staging' } });
  world.addBackup(fresh.id, { startedAt: daysAgo(1), files: [file('empty.rdb')] });

  const catalog = world.addInstance({
    id: 'crs-catalog3',
    name: 'catalog',
    tags: { env: 'production', team: 'search' },
  });
  world.addBackup(catalog.id, { startedAt: daysAgo(2), files: [file('large.rdb')] });
  world.addBackup(catalog.id, { startedAt: daysAgo(1), files: [file('large.rdb')] });

  const carts = world.addInstance({
    id: 'crs-carts004',
    name: 'carts',
    shards: 2,
    tags: { env: 'production', team: 'shop' },
  });
  const shards = [1, 2].map((n) =>
    file(`cluster-shard-${n === 1 ? 1 : 2}.rdb`, `100-204-redis-server-7.0-300-${n}.rdb`),
  );
  const exported = realDump('cluster-exported.rdb');
  world.addBackup(carts.id, { startedAt: daysAgo(1), files: shards, exported });

  const vault = world.addInstance({
    id: 'crs-vault006',
    name: 'payments',
    encrypts: { kmsKeyId: KMS_KEY },
    tags: { env: 'production', team: 'payments' },
  });
  const key = keyFrom('payments');
  const { name, dump } = file('standard-2.rdb');
  world.addBackup(vault.id, {
    startedAt: daysAgo(1),
    files: [{ name, dump: encryptedDump(dump, key) }],
    encrypted: true,
    key: { text: key, kmsKeyId: KMS_KEY },
  });

  const legacy = world.addInstance({ id: 'crs-legacy05', name: 'legacy', tags: { env: 'production' } });
  world.addBackup(legacy.id, { startedAt: daysAgo(6), files: [file('standard-2.rdb')] });
  world.addBackup(legacy.id, { startedAt: daysAgo(4), files: [file('unchecked.rdb')] });
  world.removeInstance(legacy.id);
  return world;
}

export interface FleetOptions {
  readonly instances: number;
  /** One a day, the newest an hour old. */
  readonly backupsEach: number;
  /** The dump of one backup; 200 bytes, each with another value, where absent. */
  readonly dump?: (instance: number, backup: number) => Dump;
}

/** Many instances with as many backups each, made in no time: nothing is computed before somebody downloads it. */
export function fleetWorld(clock: Pick<Clock, 'now'>, { instances, backupsEach, dump }: FleetOptions): World {
  const world = createWorld(clock);
  const newest = clock.now() - HOUR_MS;
  const dumpOf = dump ?? ((i, b) => syntheticDump({ size: 200, seed: 1 + i * backupsEach + b }));
  for (let i = 0; i < instances; i += 1) {
    const { id } = world.addInstance({ id: `crs-${i.toString(36).padStart(8, '0')}`, name: `fleet-${i}` });
    for (let b = 0; b < backupsEach; b += 1) {
      world.addBackup(id, {
        startedAt: newest - b * DAY_MS,
        files: [{ name: 'dump-1.rdb', dump: dumpOf(i, b) }],
      });
    }
  }
  return world;
}
