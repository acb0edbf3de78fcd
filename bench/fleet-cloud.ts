/** For `bench/fleet.ts`: a cloud with a large fleet, in a process of its own. Prints its environment as JSON. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { bytesDump } from '../src/sandbox/dump.ts';
import { createSandbox, sandboxEnvironment } from '../src/sandbox/sandbox.ts';
import { fleetWorld } from '../src/sandbox/worlds.ts';
import { createCatalogServer } from './fleet-keys.ts';

const [instances = '10000', backupsEach = '7', now = '0'] = process.argv.slice(2);
const dump = bytesDump(Buffer.from('never downloaded'));
const clock = { now: () => Number(now) };
const world = fleetWorld(clock, {
  instances: Number(instances),
  backupsEach: Number(backupsEach),
  dump: () => dump,
});
const sandbox = await createSandbox({ world: cached(world), clock: { now: () => Date.now() } });
const catalog = createCatalogServer(world, Number(now)).listen(0, '127.0.0.1');
await once(catalog, 'listening');
const { port } = catalog.address() as AddressInfo;
process.send?.({ ...sandboxEnvironment(sandbox), CATALOG: `http://127.0.0.1:${port}` });

/** The world stands still, so its listing is sorted once and not for every page. */
function cached(live: typeof world): typeof world {
  const lists = new Map<string, ReturnType<typeof live.backups>>();
  const all = live.backups('ap-guangzhou');
  for (const backup of all) {
    const list = lists.get(backup.instanceId);
    if (list) list.push(backup);
    else lists.set(backup.instanceId, [backup]);
  }
  return {
    ...live,
    backups: (_region, instanceId) => (instanceId === undefined ? all : (lists.get(instanceId) ?? [])),
  };
}
