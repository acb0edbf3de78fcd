/**
 * Two runs at once, a CronJob's and an operator's: one is held at its first request, at its second, and so on to its last, while the
 * other passes from beginning to end. However they meet, there is one archive, and each ends well.
 */
import { describe, expect, test } from 'vitest';
import type { Dump } from '../../src/sandbox/dump.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { HOUR_MS } from '../support/builders.ts';
import {
  createScenario,
  digestOf,
  INSTANCE,
  MiB,
  only,
  type Run,
  type Scenario,
} from '../support/scenario.ts';

const BACKUP = 'backup-1';
const { signal } = new AbortController();

interface File {
  readonly name: string;
  readonly dump: Dump;
}

/** Made once: all scenarios share them. */
const SHAPES: Readonly<Record<string, readonly File[]>> = {
  'a small backup': filesOf([4000]),
  'a backup in parts': filesOf([5 * MiB + 70_000]),
  'a backup of three shards': filesOf([3000, 200_000, 5000]),
};

interface Store {
  readonly profile: 'aws' | 'other' | 'auto';
  readonly multipartEtags: 'md5' | 'opaque';
  /** Whether a run was there before: else both find out what the store does, at the same time. */
  readonly measured: boolean;
}

const STORES: Readonly<Record<string, Store>> = {
  'proves what it holds': { profile: 'aws', multipartEtags: 'md5', measured: true },
  'is not known': { profile: 'other', multipartEtags: 'md5', measured: true },
  'gives the same bytes another ETag each time, as COS does': {
    profile: 'other',
    multipartEtags: 'opaque',
    measured: true,
  },
  'nobody has used before': { profile: 'auto', multipartEtags: 'md5', measured: false },
};

type Command = 'run' | 'archive';

interface Meeting {
  readonly scenario: Scenario;
  readonly held: Run;
  readonly passing: Run;
}

describe.each(Object.entries(SHAPES))('%s', (_, files) => {
  describe.each(Object.entries(STORES))('in a store that %s', (_store, store) => {
    test.each<[Command, Command]>([
      ['run', 'archive'],
      ['archive', 'run'],
    ])(
      'is archived once, wherever `%s` is held while `%s` passes',
      async (held, passing) => {
        const alone = await openScenario(files, store);
        await start(alone, held);
        const requests = alone.s3.requests.length + alone.cloud.requests.length;
        const winners = new Set<Command>();
        for (let nth = 1; nth <= requests; nth += 1) {
          const meeting = await holdAt(nth, await openScenario(files, store), held, passing);
          await expectOneArchive(meeting, files, `${held} held at request ${nth} of ${requests}`);
          await meeting.scenario.close();
          winners.add(only(meeting.held).outcome === 'archived' ? held : passing);
        }
        expect(winners).toContain(passing);
      },
      90_000,
    );
  });
});

/** Holds one command at its n-th request to whomever, lets the other pass, and lets the first go on. */
async function holdAt(nth: number, scenario: Scenario, held: Command, passing: Command): Promise<Meeting> {
  const { cloud, s3 } = scenario;
  let requests = 0;
  const isNth = (): boolean => {
    requests += 1;
    return requests === nth;
  };
  const gates = [cloud.holdAt(isNth), s3.holdAt(isNth, { all: true })] as const;
  const slow = start(scenario, held);
  await Promise.race([gates[0].reached, gates[1].arrived]);
  const fast = await start(await scenario.secondWorker(), passing);
  for (const gate of gates) gate.release();
  return { scenario, held: await slow, passing: fast };
}

async function expectOneArchive(
  { scenario, held, passing }: Meeting,
  files: readonly File[],
  when: string,
): Promise<void> {
  expect(
    [held, passing].map(({ summary }) => summary.exitCode),
    when,
  ).toEqual([0, 0]);
  const [winner, loser] = only(held).outcome === 'archived' ? [held, passing] : [passing, held];
  expect(only(winner), when).toMatchObject({ outcome: 'archived' });
  expect(only(loser), when).toMatchObject({ outcome: 'skipped', reason: 'already-archived' });
  // Who had begun is told who was faster; who only came later finds an archive, like any other.
  if (only(loser).attempts > 0) expect(only(loser), when).toMatchObject({ by: winner.summary.runId });

  const manifest = scenario.manifests().get(BACKUP);
  expect(manifest?.archiver.runId, when).toBe(winner.summary.runId);
  const digests = await Promise.all(files.map(({ name }) => digestOf(scenario, BACKUP, name)));
  expect(
    manifest?.files.map(({ sha256 }) => sha256),
    when,
  ).toEqual(digests);
  expect(scenario.keys('catalog'), when).toHaveLength(1);
  expect(scenario.keys('data'), when).toEqual(manifest?.files.map(({ key }) => key));
  expect(scenario.s3.uploads.size, when).toBe(0);
  for (const quick of [true, false])
    expect(await scenario.app.verify({ quick, signal }), when).toMatchObject({ exitCode: 0 });
}

function start(worker: Pick<Scenario, Command>, command: Command): Promise<Run> {
  return command === 'run' ? worker.run() : worker.archive(INSTANCE, BACKUP);
}

function openScenario(
  files: readonly File[],
  { profile, multipartEtags, measured }: Store,
): Promise<Scenario> {
  return createScenario({
    behaviour: { multipartEtags },
    measured,
    world(world, clock) {
      world.addInstance({ id: INSTANCE, shards: files.length });
      world.addBackup(INSTANCE, { id: BACKUP, startedAt: clock.now() - 3 * HOUR_MS, files });
    },
    adjust(config) {
      const { destination } = config;
      return destination.kind === 's3' ? { ...config, destination: { ...destination, profile } } : config;
    },
  });
}

function filesOf(sizes: readonly number[]): readonly File[] {
  return sizes.map((size, index) => ({
    name: `redis-${index + 1}.rdb`,
    dump: syntheticDump({ size, seed: index + 1 }),
  }));
}
