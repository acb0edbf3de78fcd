/** Real dumps of either family into every real server that is there: what can load a dump passes it, and none calls a sound one damaged. */
import { beforeAll, expect, test } from 'vitest';
import { compatibility, whoLoads } from '../../src/drill/compatibility.ts';
import type { DrillItem } from '../../src/drill/report.ts';
import { openDrillground } from '../support/drill.ts';
import { describeWith } from '../support/needs.ts';
import { PINNED_SERVERS, type RealServer, realServers } from '../support/real-servers.ts';
import { sampleDumps, type Written, type WrittenDump, writeDumps } from '../support/written-dumps.ts';

const SLOW = { timeout: 180_000 };
/** Reasons that say nothing of the dump. */
const UNFIT: readonly (string | null)[] = ['other-family', 'server-too-old', 'module-missing'];

/** What came of each dump, by its name. */
async function drillAll(
  dumps: readonly WrittenDump[],
  servers: readonly RealServer[],
): Promise<Map<string, DrillItem>> {
  const ground = openDrillground();
  for (const [index, { bytes, name }] of dumps.entries())
    await ground.archive([bytes], { instanceId: `crs-${index}`, backupId: name });
  const request = { sample: { percent: 100 }, servers: servers.map(({ path }) => path) };
  const { listing } = await ground.drill(request);
  return new Map(listing.items.map((item) => [item.backupId, item]));
}

function resultOf(item: DrillItem | undefined): object {
  if (item?.outcome !== 'passed')
    return UNFIT.includes(item?.reason ?? null) ? { unfit: item?.outcome } : { ...item };
  const { keys, partial = false, trials } = item;
  return { keys, partial, relaxed: trials.some(({ result, relaxed }) => result === 'loaded' && relaxed) };
}

function wholly({ databases }: WrittenDump, relaxed = false): object {
  return { keys: databases.reduce((sum, { keys }) => sum + keys, 0), partial: false, relaxed };
}

describeWith(PINNED_SERVERS, 'with the servers themselves', () => {
  const servers = realServers();
  const written = new Map<RealServer, Written>();

  beforeAll(async () => {
    for (const server of servers) written.set(server, await writeDumps(server));
  }, SLOW.timeout);

  test.each(servers)('$name passes every dump that it has written itself', SLOW, async (server) => {
    const { dumps = [] } = written.get(server) ?? {};
    const items = await drillAll(dumps, [server]);
    expect(items.size).toBeGreaterThan(0);
    for (const dump of dumps)
      expect([dump.name, resultOf(items.get(dump.name))]).toEqual([dump.name, wholly(dump)]);
  });

  test.each(servers)(
    '$name passes the samples that it loads, and says who loads the rest',
    SLOW,
    async (server) => {
      const nature = { ...server, modules: written.get(server)?.modules ?? [] };
      const dumps = sampleDumps();
      const items = await drillAll(dumps, [server]);
      for (const dump of dumps) {
        const { kind } = compatibility(dump.nature, nature);
        const item = items.get(dump.name);
        const loads = kind !== 'cannot';
        const result = loads ? wholly(dump, kind === 'loads-relaxed') : { unfit: 'not-drillable' };
        expect([dump.name, resultOf(item)]).toEqual([dump.name, result]);
        if (!loads) expect(item?.hint).toContain(`It needs ${whoLoads(dump.nature)}.`);
      }
    },
  );

  test('where all are at hand, every dump finds one that holds it, and no other is asked', SLOW, async () => {
    const dumps = [...written.values()].flatMap((each) => each.dumps);
    const items = await drillAll(dumps, servers);
    expect(items.size).toBeGreaterThan(20);
    for (const dump of dumps) {
      const item = items.get(dump.name);
      expect([dump.name, resultOf(item)]).toEqual([dump.name, wholly(dump)]);
      expect(item?.trials.filter(({ result }) => result !== 'passed-over')).toHaveLength(1);
    }
  });
});
