/** For `bench/fleet.ts`: the catalog's keys, served line by line, so that a worker holds no more of them than a real store would have it. */
import { createServer, type Server } from 'node:http';
import { archiveLayout } from '../src/domain/archive-key.ts';
import { toInstant } from '../src/domain/instant.ts';
import type { World } from '../src/sandbox/world.ts';

const DAY_MS = 86_400_000;
const OLDER_DAYS = 3650;
const OLDER_A_DAY = 822;
const layout = archiveLayout('redis');

/** `GET /?prefix=…&newest=1`: the keys below the prefix, in order; with `newest` those of each instance's newest backup are left out. */
export function createCatalogServer(world: World, now: number): Server {
  const [all, older] = [false, true].map((newest) => shownKeys(world, now, newest));
  return createServer(async (request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://catalog');
    const prefix = searchParams.get('prefix') ?? '';
    const shown = searchParams.has('newest') ? older : all;
    for (const [day, keys] of [['', olderKeys(prefix, now)] as const, ...(shown ?? [])]) {
      if (!day.startsWith(prefix) && !prefix.startsWith(day)) continue;
      for (const key of keys) {
        if (!key.startsWith(prefix) || response.write(`${key}\n`)) continue;
        await new Promise((resolve) => response.once('drain', resolve));
      }
    }
    response.end();
  });
}

/** A day's keys by its folder: of every backup that the cloud shows. */
function shownKeys(world: World, now: number, withoutNewest: boolean): Map<string, string[]> {
  const days = new Map<string, string[]>();
  for (const { instanceId, id, startedAt } of world.backups('ap-guangzhou')) {
    const key = keyOf(instanceId, id, startedAt);
    const day = folderOf(key);
    const keys = days.get(day) ?? [];
    if (!withoutNewest || now - startedAt >= DAY_MS) keys.push(key);
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
function* olderKeys(prefix: string, now: number): Generator<string> {
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
