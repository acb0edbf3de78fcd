/** What a run may use at the most, and what it says beforehand that it could never do. */
import { describe, expect, it } from 'vitest';
import type { Body } from '../../src/sandbox/exchange.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { download } from '../support/cloud.ts';
import { chunked } from '../support/cloud-download-faults.ts';
import { addBackup, createScenario, INSTANCE, MiB, only } from '../support/scenario.ts';

const GIB = 1024 * MiB;

describe('the concurrency', () => {
  it.each([1, 3])(
    'of %i is how many files are on their way at once, over backups and shards',
    async (concurrency) => {
      const scenario = await createScenario({
        config: { concurrency },
        world(world, clock) {
          world.addInstance({ id: INSTANCE, shards: 3 });
          for (const id of ['a', 'b', 'c']) addBackup(world, clock, { id, files: 3 });
        },
      });
      let active = 0;
      let most = 0;
      const full = Promise.withResolvers<void>();
      async function* counted(body: Body) {
        try {
          yield* body;
        } finally {
          active -= 1;
        }
      }
      scenario.cloud.fault(download(), async (exchange, answer) => {
        active += 1;
        most = Math.max(most, active);
        // The first ones wait for each other, so that they are on their way at once.
        if (active === concurrency) full.resolve();
        await full.promise;
        const reply = await answer(exchange);
        return { ...reply, body: counted(reply.body) };
      });
      expect((await scenario.run()).summary).toMatchObject({ archived: 3, exitCode: 0 });
      expect(most).toBe(concurrency);
    },
  );
});

describe('the bandwidth', () => {
  it('caps a whole run, over all its transfers together', async () => {
    const scenario = await createScenario({
      config: { bandwidth: MiB, concurrency: 4 },
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        for (const id of ['a', 'b', 'c', 'd']) addBackup(world, clock, { id, size: 2 * MiB });
      },
    });
    const begin = scenario.clock.now();
    expect((await scenario.run()).summary).toMatchObject({ archived: 4, exitCode: 0 });
    // 8 MiB at 1 MiB a second, but for the chunks that were let pass first.
    expect(scenario.clock.now() - begin).toBeGreaterThan(6000);
    expect(scenario.clock.now() - begin).toBeLessThan(10_000);
  });
});

describe('a dump', () => {
  it('of unknown length arrives whole, in parts where it is large', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'backup-1', size: 11 * MiB });
      },
    });
    scenario.cloud.fault(download(), chunked());
    const outcome = only(await scenario.run());
    expect(outcome).toMatchObject({ outcome: 'archived', bytes: 11 * MiB });
    expect(scenario.s3.counts.get('UploadPart')).toBeGreaterThan(1);
  });

  it('that is announced larger than the memory could ever send is refused before its first byte', async () => {
    const scenario = await createScenario({
      config: { bufferMemory: 5 * MiB },
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        const file = {
          name: 'redis-1.rdb',
          dump: syntheticDump({ size: 4000, seed: 1 }),
          announcedSize: 50 * GIB,
        };
        world.addBackup(INSTANCE, { id: 'huge', startedAt: clock.now() - 3_600_000, files: [file] });
      },
    });
    scenario.cloud.fault(download(), chunked());
    const run = await scenario.run();
    expect(only(run)).toMatchObject({
      outcome: 'failed',
      attempts: 1,
      error: {
        code: 'config',
        message: expect.stringContaining(`the largest that fits is ${50_000 * MiB} bytes`),
        hint: expect.stringContaining('Set ARCHIVER_BUFFER_MEMORY to at least'),
      },
    });
    expect(run.summary.exitCode).toBe(3);
    expect(run.of('transfer.progress')).toEqual([]);
    expect(scenario.s3.counts.get('PutObject')).toBeUndefined();
  });
});
