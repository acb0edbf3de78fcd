/** One large dump over several connections: the same bytes as over one, whatever the download host does. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../support/cloud.ts';
import {
  changeEtag,
  comeBackLater,
  cutAfter,
  cutBeforeAnswer,
  expired,
  expireLinkAt,
  flipBit,
  ignoreRange,
  noEtag,
  rangeRefused,
  stallAt,
  weakEtag,
  wrongRangeStart,
} from '../support/cloud-download-faults.ts';
import {
  addBackup,
  createScenario,
  digestOf,
  MiB,
  only,
  type Run,
  type Scenario,
} from '../support/scenario.ts';

const SIZE = 41 * MiB + 12_345;

interface Setting {
  readonly connections?: number | 'auto';
  readonly size?: number;
  readonly stallTimeoutMs?: number;
  readonly bufferMemory?: number;
}

function scenario({ connections = 4, size = SIZE, ...config }: Setting = {}): Promise<Scenario> {
  return createScenario({
    world(world, clock) {
      world.addInstance({ id: 'crs-orders01', name: 'orders' });
      addBackup(world, clock, { id: 'backup-1', size });
    },
    config: { connections, bufferMemory: 64 * MiB, ...config },
  });
}

const isDownload = ({ kind }: { readonly kind: string }) => kind === 'download';
const isRange = (exchange: Parameters<Parameters<Scenario['cloud']['fault']>[0]>[0]) =>
  isDownload(exchange) && exchange.received.headers.range !== undefined;

function ranges({ cloud }: Scenario): (string | undefined)[] {
  return cloud.downloads().map(({ received }) => received.headers.range);
}

async function expectArchived(found: Scenario, run: Run): Promise<void> {
  expect(only(run)).toMatchObject({ outcome: 'archived', bytes: SIZE });
  expect(only(run).files[0]?.sha256).toBe(await digestOf(found));
  expect(found.manifests().get('backup-1')?.files[0]?.rdb?.checksum).toBe('verified');
}

describe('a large dump over four connections', () => {
  test('is archived as over one, and each byte but those under way is fetched once', async () => {
    const found = await scenario();
    await expectArchived(found, await found.run());
    const asked = ranges(found);
    expect(asked[0]).toBeUndefined();
    expect(asked.slice(1)).toEqual(
      [1, 2, 3, 4, 5].map((index) => expect.stringMatching(`^bytes=${index * 8 * MiB}-`)),
    );
  });

  test('comes as one stream where it is small, or its size is not worth more for `auto`', async () => {
    const small = await scenario({ size: 9 * MiB });
    expect(only(await small.run()).outcome).toBe('archived');
    expect(ranges(small)).toEqual([undefined]);
    const auto = await scenario({ connections: 'auto' });
    expect(only(await auto.run()).outcome).toBe('archived');
    expect(ranges(auto)).toEqual([undefined]);
  });

  test.each<[string, Fault]>([
    ['sends no ETag', noEtag()],
    ['sends a weak ETag', weakEtag()],
  ])(
    'comes as one stream where the host %s, since nothing would prove that the parts belong together',
    async (_, fault) => {
      const found = await scenario();
      found.cloud.fault(isDownload, fault);
      await expectArchived(found, await found.run());
      expect(ranges(found)).toEqual([undefined]);
    },
  );

  test.each<[string, Fault]>([
    ['ignores ranges', ignoreRange()],
    ['refuses ranges', rangeRefused()],
    ['gives other ranges than were asked for', wrongRangeStart()],
  ])('goes on alone where the host %s', async (_, fault) => {
    const found = await scenario();
    found.cloud.fault(isRange, fault);
    const run = await found.run();
    await expectArchived(found, run);
    expect(only(run)).toMatchObject({ attempts: 1 });
    expect(ranges(found).filter((range) => range === undefined)).toHaveLength(1);
  });

  test.each<[string, Fault]>([
    ['cuts a connection in its midst', cutAfter(3 * MiB)],
    ['hangs up before it answers', cutBeforeAnswer()],
    ['is busy for a moment', comeBackLater(503)],
    ['calls a link expired', expired()],
  ])('survives a host that %s now and then', async (_, fault) => {
    const found = await scenario();
    found.cloud.fault(isRange, fault, { times: 2, after: 1 });
    await expectArchived(found, await found.run());
  });

  test('survives a stall of one connection', async () => {
    const found = await scenario({ stallTimeoutMs: 500 });
    found.cloud.fault(isRange, stallAt(17 * MiB), { times: 1, after: 1 });
    await expectArchived(found, await found.run());
  });

  test('asks once for a new link when the old one dies under all of them', async () => {
    const found = await scenario();
    found.cloud.fault(isDownload, expireLinkAt(20 * MiB), { times: 1 });
    await expectArchived(found, await found.run());
  });

  test('begins anew when the file at the link changes under it, and never mixes two files', async () => {
    const found = await scenario();
    found.cloud.fault(isRange, changeEtag(), { times: 1, after: 2 });
    await expectArchived(found, await found.run());
  });

  test('is no archive when a segment was damaged on its way, until it comes intact', async () => {
    const found = await scenario();
    found.cloud.fault(isRange, flipBit(26 * MiB), { times: 1, after: 2 });
    await expectArchived(found, await found.run());
  });

  test('is given up whole when one segment cannot be had, and strands nothing', async () => {
    const found = await scenario();
    found.cloud.fault(
      (exchange) =>
        isRange(exchange) && Number(/=(\d+)/.exec(exchange.received.headers.range ?? '')?.[1]) >= 24 * MiB,
      cutBeforeAnswer(),
    );
    expect(only(await found.run())).toMatchObject({ outcome: 'failed', reason: 'download-failed' });
    expect(found.keys()).toEqual([]);
    expect([...found.s3.uploads.keys()]).toEqual([]);
  });

  test('is given up at once when the run is interrupted', async () => {
    const found = await scenario();
    const gate = found.cloud.holdBodyAt(isRange, 25 * MiB);
    const stop = new AbortController();
    const running = found.run(stop.signal);
    await gate.reached;
    stop.abort(new Error('interrupted by a test'));
    const run = await running;
    gate.release();
    expect(only(run).outcome).toBe('failed');
    expect(found.keys()).toEqual([]);
  });

  test('shares half of the buffer memory with other dumps, and none waits for ever', async () => {
    const found = await createScenario({
      world(world, clock) {
        world.addInstance({ id: 'crs-orders01', name: 'orders' });
        addBackup(world, clock, { id: 'backup-1', size: 30 * MiB, files: 4 });
      },
      config: { connections: 8, concurrency: 4, bufferMemory: 24 * MiB },
    });
    expect(only(await found.run())).toMatchObject({ outcome: 'archived', bytes: 120 * MiB });
  });
});

test('any size over any number of connections gives the same bytes, wherever one of them breaks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 15 * MiB, max: 34 * MiB }),
      fc.integer({ min: 2, max: 6 }),
      fc.integer({ min: 0, max: 9 * MiB }),
      fc.integer({ min: 0, max: 4 }),
      async (size, connections, bytes, after) => {
        const found = await scenario({ size, connections });
        found.cloud.fault(isDownload, cutAfter(bytes), { times: 2, after });
        const run = await found.run();
        expect(only(run)).toMatchObject({ outcome: 'archived', bytes: size });
        expect(only(run).files[0]?.sha256).toBe(await digestOf(found));
      },
    ),
    { numRuns: 12 },
  );
}, 120_000);
