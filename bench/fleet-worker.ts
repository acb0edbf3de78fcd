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
const DAY_MS = 86_400_000;
const OLDER_DAYS = 3650;
const OLDER_A_DAY = 822;

const calls: Record<string, number> = {};
const layout = archiveLayout('redis');
let pages = 0;

/** A day's keys by its folder: of every backup that the cloud shows, but for the `newest` of each instance where that is asked for. */
function shownKeys(): Map<string, string[]> {
  const dump = bytesDump(Buffer.alloc(1));
  const world = fleetWorld({ now: () => now }, { instances, backupsEach, dump: () => dump });
  const days = new Map<string, string[]>();
  for (const { instanceId, id, startedAt } of world.backups('ap-guangzhou')) {
    const key = keyOf(instanceId, id, startedAt);
    const day = folderOf(key);
    const keys = days.get(day) ?? [];
    if (newest === 0 || now - startedAt >= DAY_MS) keys.push(key);
    days.set(day, keys);
  }
  return days;
}

function keyOf(instanceId: string, backupId: string, startedAt: number): string {
  return layout.manifestKey({ source: 'fleet', instanceId, backupId, startedAt: toInstant(startedAt) });
}

/** `redis/catalog/fleet/2026-11-24/` */
function folderOf(key: string): string {
  return `${key.split('/').slice(0, 4).join('/')}/`;
}

/** Three million older archives, made only when somebody lists them; a run that does pays 3,000 pages for it. */
function* olderKeys(prefix: string): Generator<string> {
  for (let day = OLDER_DAYS; day > 0; day -= 1) {
    const startedAt = now - (day + 40) * DAY_MS;
    const folder = folderOf(keyOf('crs-00000000', 'old', startedAt));
    if (!folder.startsWith(prefix) && !prefix.startsWith(folder)) continue;
    for (let index = 0; index < OLDER_A_DAY; index += 1) {
      const key = keyOf(`crs-${index.toString(36).padStart(8, '0')}`, `old-${day}`, startedAt);
      if (key.startsWith(prefix)) yield key;
    }
  }
}

const store: Pick<ObjectStore, 'list'> = {
  async *list(prefix): AsyncGenerator<ListedObject> {
    let count = 0;
    const shown = [...shownDays].filter(([day]) => day.startsWith(prefix) || prefix.startsWith(day));
    for (const keys of [olderKeys(prefix), ...shown.map(([, keys]) => keys)]) {
      for (const key of keys) {
        if (!key.startsWith(prefix)) continue;
        if (count % 1000 === 0) pages += 1;
        count += 1;
        yield { key, size: 900 };
      }
    }
    if (count === 0) pages += 1;
  },
};
const shownDays = shownKeys();
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
const pagesOfRun = pages;
const peakMb = Math.round(process.resourceUsage().maxRSS / 1000);
for await (const _ of store.list(layout.catalogPrefix('fleet'), { signal: new AbortController().signal })) {
  // What listing the whole catalog would have cost: shows that the older archives are really there.
}
const [plan] = found.sources.map((one) => one.plan);
console.log(
  JSON.stringify({
    calls,
    pages: pagesOfRun,
    wholeCatalog: pages - pagesOfRun,
    todo: plan?.todo.length,
    settled: plan?.settled.length,
    failures: found.failures.length,
    listMb: Math.round((process.memoryUsage().rss - before) / 1e6),
    peakMb,
  }),
);
process.exit(0);
