/** For `bench/fleet.ts`: one worker's look at the fleet: lists the cloud and the catalog, makes the plan, and prints what it took. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { survey } from '../src/archiver/survey.ts';
import { createCatalog } from '../src/catalog/catalog.ts';
import { createQuarantine } from '../src/catalog/quarantine.ts';
import { archiveLayout } from '../src/domain/archive-key.ts';
import { Secret } from '../src/domain/secret.ts';
import { EVERYTHING } from '../src/plan/selection.ts';
import { createTencentV3 } from '../src/source/tencent-v3.ts';
import type { ListedObject, ObjectStore } from '../src/store/object-store.ts';
import { systemClock } from '../src/system-clock.ts';

const [now = 0, index = 0, count = 1, newest = 0] = process.argv.slice(2).map(Number);
const calls: Record<string, number> = {};
const layout = archiveLayout('redis');
let pages = 0;

/** The catalog lies in the other process, as it lies with the store in real life. */
const store: Pick<ObjectStore, 'list'> = {
  async *list(prefix): AsyncGenerator<ListedObject> {
    const address = new URL(process.env['CATALOG'] ?? '');
    address.searchParams.set('prefix', prefix);
    if (newest !== 0) address.searchParams.set('newest', '1');
    const [answer] = (await once(http.get(address), 'response')) as [http.IncomingMessage];
    let count = 0;
    for await (const key of createInterface(answer)) {
      if (count % 1000 === 0) pages += 1;
      count += 1;
      yield { key, size: 900 };
    }
    if (count === 0) pages += 1;
  },
};
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
  catalog: createCatalog(store as ObjectStore, layout, systemClock),
  quarantine: createQuarantine(store as ObjectStore, layout),
  encryptedBackups: 'warn' as const,
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
    settled: plan?.rest.length,
    failures: found.failures.length,
    listMb: Math.round((process.memoryUsage().rss - before) / 1e6),
    peakMb,
  }),
);
process.exit(0);
