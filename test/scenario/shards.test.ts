/** Several workers on one account: everything is archived once, and the account's quota is not multiplied. */
import { describe, expect, it } from 'vitest';
import { STATUS_DEFAULTS } from '../../src/domain/status.ts';
import { addBackup, createScenario, type Run, type Scenario } from '../support/scenario.ts';

const WORKERS = 20;
const INSTANCES = 60;

const idOf = (index: number): string => `crs-${String(index).padStart(8, '0')}`;

async function fleet(
  api: 'tencent-v3' | 'tencent-v2',
): Promise<{ workers: Scenario[]; runs: Run[]; calls: number[] }> {
  const workers: Scenario[] = [];
  const runs: Run[] = [];
  const calls: number[] = [];
  for (let index = 0; index < WORKERS; index += 1) {
    const worker: Scenario = await createScenario({
      api,
      ...(workers[0] && { s3: workers[0].s3 }),
      config: { shard: { index, count: WORKERS } },
      world(world, clock) {
        for (let instance = 0; instance < INSTANCES; instance += 1) {
          const instanceId = idOf(instance);
          world.addInstance({ id: instanceId });
          addBackup(world, clock, { id: `b${instance}`, instanceId, size: 300 });
        }
        world.removeInstance('crs-00000007');
      },
    });
    workers.push(worker);
    runs.push(await worker.run());
    calls.push(worker.cloud.calls(api === 'tencent-v3' ? 'DescribeInstanceBackups' : 'GetRedisBackupList'));
  }
  return { workers, runs, calls };
}

describe('twenty workers', () => {
  it('archive every backup exactly once, that of a deleted instance too', async () => {
    const { runs } = await fleet('tencent-v3');
    const archived = runs.flatMap(({ outcomes }) => outcomes.map(({ backupId }) => backupId));
    expect(archived).toHaveLength(INSTANCES);
    expect(new Set(archived).size).toBe(INSTANCES);
  });

  it.each([
    ['tencent-v3', 'DescribeInstanceBackups'],
    ['tencent-v2', 'GetRedisBackupList'],
  ] as const)(
    'ask for the status of everything once, of the deleted too, and call no other’s instance vanished (%s)',
    async (api, action) => {
      const { workers } = await fleet(api);
      const before = workers.map(({ cloud }) => cloud.calls(action));
      const rows: string[] = [];
      for (const { app } of workers) {
        const { signal } = new AbortController();
        const { instances } = await app.status({ ...STATUS_DEFAULTS, manifestReads: 0, signal });
        rows.push(...instances.map(({ instanceId, vanished }) => `${instanceId} ${vanished}`));
      }
      const deleted = 'crs-00000007';
      const expected = Array.from({ length: INSTANCES }, (_, index) => idOf(index))
        // API 2.0 does not tell of the backups of a deleted instance, so nothing of it was ever archived.
        .filter((id) => api === 'tencent-v3' || id !== deleted)
        .map((id) => `${id} ${id === deleted}`);
      expect(rows.sort()).toEqual(expected);
      const calls = workers.map(({ cloud }, index) => cloud.calls(action) - (before[index] ?? 0));
      expect(calls.reduce((sum, count) => sum + count, 0)).toBeLessThan(1.5 * INSTANCES);
    },
  );

  it('list only their own instances’ backups with API 2.0', async () => {
    const { calls } = await fleet('tencent-v2');
    expect(calls.reduce((sum, count) => sum + count, 0)).toBe(INSTANCES - 1);
  });
});
