/** For `bench/fleet.ts`: one worker's look at the fleet: lists the cloud and the catalog, makes the plan, and prints what it took. */
import http from 'node:http';
import https from 'node:https';
import { survey } from '../src/archiver/survey.ts';
import { createCatalog } from '../src/catalog/catalog.ts';
import { createQuarantine } from '../src/catalog/quarantine.ts';
import { archiveLayout } from '../src/domain/archive-key.ts';
import { toInstant } from '../src/domain/instant.ts';
import { Secret } from '../src/domain/secret.ts';
import { EVERYTHING } from '../src/plan/selection.ts';
import { bytesDump } from '../src/sandbox/dump.ts';
import { fleetWorld } from '../src/sandbox/worlds.ts';
import { createTencentV3 } from '../src/source/tencent-v3.ts';
import type { ListedObject, ObjectStore } from '../src/store/object-store.ts';
import { systemClock } from '../src/system-clock.ts';

const [instances = 0, backupsEach = 0, now = 0, index = 0, count = 1, newest = 0] = process.argv
  .slice(2)
  .map(Number);
const calls: Record<string, number> = {};
const layout = archiveLayout('redis');
let pages = 0;

/** Every backup but the `newest` of each instance has its manifest; three million older ones lie in days that nobody should list. */
function catalogKeys(): Map<string, string[]> {
  const dump = bytesDump(Buffer.alloc(1));
  const world = fleetWorld({ now: () => now }, { instances, backupsEach: backupsEach, dump: () => dump });
  const keys = new Map<string, string[]>();
  for (const backup of world.backups('ap-guangzhou')) {
    if (newest > 0 && now - backup.startedAt < 86_400_000) continue;
    const startedAt = toInstant(backup.startedAt);
    const key = layout.manifestKey({
      source: 'fleet',
      instanceId: backup.instanceId,
      backupId: backup.id,
      startedAt,
    });
    const day = key.split('/').slice(0, 4).join('/');
    keys.set(day, [...(keys.get(day) ?? []), key]);
  }
  return keys;
}

const store: Pick<ObjectStore, 'list'> = {
  async *list(prefix): AsyncGenerator<ListedObject> {
    const keys = listed.get(prefix.replace(/\/$/, '')) ?? [];
    pages += Math.max(1, Math.ceil(keys.length / 1000));
    for (const key of keys) yield { key, size: 900 };
  },
};
const listed = catalogKeys();
const before = process.memoryUsage().rss;

/** The calls are counted and their time computed, so nobody waits for a quota here. */
const impatient = { ...systemClock, sleep: async () => {} };
const secret = process.env['TENCENTCLOUD_SECRET_KEY'] ?? '';
const credentials = { secretId: process.env['TENCENTCLOUD_SECRET_ID'] ?? '', secretKey: new Secret(secret) };
const source = createTencentV3({
  name: 'fleet',
  region: 'ap-guangzhou',
  endpoint: process.env['ARCHIVER_SOURCE_ENDPOINT'] ?? '',
  utcOffsetMinutes: 480,
  credentials: { current: async () => credentials, refresh: async () => credentials },
  network: async () => 'extranet',
  agents: { http: new http.Agent({ keepAlive: true }), https: new https.Agent() },
  clock: impatient,
  onCall: ({ action }) => {
    calls[action] = (calls[action] ?? 0) + 1;
  },
});
const ports = {
  catalog: createCatalog(store as ObjectStore, layout),
  quarantine: createQuarantine(store as ObjectStore, layout),
};
const found = await survey([{ source, selection: EVERYTHING }], ports, {
  shard: { index, count },
  now,
  signal: new AbortController().signal,
});
const [plan] = found.sources.map((one) => one.plan);
console.log(
  JSON.stringify({
    calls,
    pages,
    todo: plan?.todo.length,
    settled: plan?.settled.length,
    failures: found.failures.length,
    listMb: Math.round((process.memoryUsage().rss - before) / 1e6),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1000),
  }),
);
process.exit(0);
