/** A download that only trickles: it frees its place after a bounded time, and goes on at the same byte where a new connection helps. */
import { describe, expect, it } from 'vitest';
import { download } from '../support/cloud.ts';
import { trickleAt } from '../support/cloud-download-faults.ts';
import { addBackup, createScenario, INSTANCE, MiB, only } from '../support/scenario.ts';

/** A floor of 30 KiB in 30 s. */
const floor = { minimumRate: 1024, stallTimeoutMs: 30_000, attempts: 3 };

const large = (config: object) =>
  createScenario({
    config,
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'backup-1', size: 6 * MiB });
    },
  });

describe('a download that trickles below the floor', () => {
  it('for ever fails within the attempts, although each of them brings some bytes', async () => {
    const scenario = await large(floor);
    scenario.cloud.fault(
      download(),
      trickleAt(MiB, () => scenario.clock.advance(4000)),
    );
    const outcome = only(await scenario.run());
    expect(outcome).toMatchObject({ outcome: 'failed', reason: 'download-failed', attempts: 2 });
    expect(outcome.outcome === 'failed' && outcome.error.message).toMatch(
      /only \d+ bytes came in 3\d s of waiting/,
    );
    expect(scenario.cloud.downloads()).toHaveLength(2 * 3);
    expect(scenario.keys()).toEqual([]);
  });

  it('once goes on at the same byte over a new connection', async () => {
    const scenario = await large(floor);
    scenario.cloud.fault(
      download(),
      trickleAt(MiB, () => scenario.clock.advance(4000)),
      { times: 1 },
    );
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', attempts: 1, resumes: 1 });
  });

  it('and recovers again and again is not given up: what came in between was progress', async () => {
    const scenario = await large(floor);
    let from = MiB / 2;
    scenario.cloud.fault(download(), (exchange, answer) => {
      from += MiB / 2;
      return trickleAt(from, () => scenario.clock.advance(4000))(exchange, answer);
    });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', attempts: 1 });
  });
});
