/** Several workers on one account: everything is archived once, and the account's quota is not multiplied. */
import { describe, expect, it } from 'vitest';
import { addBackup, createScenario, type Run, type Scenario } from '../support/scenario.ts';

const WORKERS = 20;
const INSTANCES = 60;

async function fleet(
  api: 'tencent-v3' | 'tencent-v2',
): Promise<{ workers: Scenario[]; runs: Run[]; calls: number[] }> {
  const workers: Scenario[] = [];
  const runs: Run[] = [];
  const calls: number[] = [];
  for (let index = 0; index < WORKERS; index += 1) {
    const worker = await createScenario({
      api,
      config: { shard: { index, count: WORKERS } },
      world(world, clock) {
        for (let instance = 0; instance < INSTANCES; instance += 1) {
          const instanceId = `crs-${String(instance).padStart(8, '0')}`;
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

  it('list only their own instances’ backups with API 2.0', async () => {
    const { calls } = await fleet('tencent-v2');
    expect(calls.reduce((sum, count) => sum + count, 0)).toBe(INSTANCES - 1);
  });
});
