/** Months of daily samples while archives come and go: what a sample promises must hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSample as choose, type SampleRule } from '../../src/verify/rotation.ts';
import { DAY_MS } from '../support/builders.ts';

const MiB = 1024 * 1024;
const START = Date.parse('2026-11-24T03:00:00Z');

/** An archive as the rotation sees it. */
interface Turn {
  readonly startedAt: number;
  readonly bytes: number;
  readonly triedAt?: number;
  readonly suspect: boolean;
}

interface Kept extends Turn {
  readonly id: number;
  triedAt?: number;
  suspect: boolean;
}

function chooseSample<Archive extends Turn>(archives: readonly Archive[], rule: SampleRule) {
  const at = (position: number): Archive => {
    const archive = archives[position];
    if (archive === undefined) throw new Error(`there is no archive ${position}`);
    return archive;
  };
  const { chosen, ...rest } = choose(
    {
      count: archives.length,
      startedAt: (position) => at(position).startedAt,
      bytes: (position) => at(position).bytes,
      triedAt: (position) => at(position).triedAt,
      suspect: (position) => at(position).suspect,
    },
    rule,
  );
  return { chosen: chosen.map(at), ...rest };
}

interface World {
  readonly archives: Kept[];
  now: number;
  made: number;
}

function add(world: World, bytes: number, ageDays = 0): Kept {
  const archive = { id: world.made, startedAt: world.now - ageDays * DAY_MS, bytes, suspect: false };
  world.made += 1;
  world.archives.push(archive);
  return archive;
}

function sample(world: World, percent: number) {
  const taken = chooseSample(world.archives, { percent, now: world.now, everyMs: DAY_MS });
  for (const archive of taken.chosen) archive.triedAt = world.now;
  return taken;
}

const sizes = fc.integer({ min: 1, max: 400 }).map((mebibytes) => mebibytes * MiB);
const percents = fc.constantFrom(0.5, 1, 2.5, 5, 10, 33, 50, 100);

describe('daily samples', () => {
  it('have read every archive by the day that each of them named, while archives come and old ones go', () => {
    fc.assert(
      fc.property(
        fc.record({
          percent: fc.constantFrom(2.5, 5, 10, 25),
          stock: fc.array(sizes, { minLength: 1, maxLength: 120 }),
          daily: fc.integer({ min: 0, max: 4 }),
          size: sizes,
          retention: fc.integer({ min: 60, max: 200 }),
          readBefore: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        ({ percent, stock, daily, size, retention, readBefore }) => {
          const world: World = { archives: [], now: START, made: 0 };
          // In its steady state: as much goes as comes.
          for (const [index, bytes] of stock.entries()) {
            const archive = add(world, bytes, 1 + ((index * 7) % (retention - 1)));
            if (index < stock.length * readBefore) archive.triedAt = world.now - (index % 90) * DAY_MS;
          }
          for (let age = 1; age < retention; age += 1)
            for (let count = 0; count < daily; count += 1) add(world, size, age);
          const promises: { by: number; archives: Set<Kept>; since: number }[] = [];
          for (let day = 0; day < 180; day += 1) {
            for (let count = 0; count < daily; count += 1) add(world, size);
            const gone = world.archives.filter(({ startedAt }) => startedAt < world.now - retention * DAY_MS);
            // The odd stock stays for good, as yearly archives do.
            for (const archive of gone.filter(({ id }) => id >= stock.length))
              world.archives.splice(world.archives.indexOf(archive), 1);
            const { samplesLeft } = sample(world, percent);
            const never = world.archives.filter(({ triedAt }) => triedAt === undefined);
            const archives = new Set(never.length > 0 ? never : world.archives);
            const since = never.length > 0 ? Number.NEGATIVE_INFINITY : world.now - 1;
            promises.push({ by: day + samplesLeft, archives, since });
            for (const promise of promises.filter(({ by }) => by === day)) {
              const left = world.archives.filter(
                (archive) =>
                  promise.archives.has(archive) &&
                  (archive.triedAt ?? Number.NEGATIVE_INFINITY) < promise.since,
              );
              const unread = world.archives.filter(
                (archive) => promise.archives.has(archive) && archive.triedAt === undefined,
              );
              expect({ day, left: left.length, unread: unread.length }).toEqual({ day, left: 0, unread: 0 });
            }
            world.now += DAY_MS;
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('starve no archive, however many new ones come in', () => {
    fc.assert(
      fc.property(
        percents.filter((percent) => percent >= 5),
        fc.array(sizes, { minLength: 2, maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        (percent, stock, daily) => {
          const world: World = { archives: [], now: START, made: 0 };
          const old = stock.map((bytes) => add(world, bytes, 400));
          for (const archive of old) archive.triedAt = world.now - DAY_MS;
          const round = Math.ceil(100 / percent);
          // Three rounds: one until they are overdue, two at half the speed. New archives live for a week.
          for (let day = 0; day <= 3 * round + 2; day += 1) {
            for (let count = 0; count < daily; count += 1) add(world, 200 * MiB);
            for (const archive of world.archives.filter(
              ({ id, startedAt }) => id >= stock.length && startedAt < world.now - 7 * DAY_MS,
            ))
              world.archives.splice(world.archives.indexOf(archive), 1);
            sample(world, percent);
            world.now += DAY_MS;
          }
          expect(old.filter(({ triedAt = 0 }) => triedAt < START)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('read their share of the bytes each time, at least one archive, and nothing twice', () => {
    fc.assert(
      fc.property(percents, fc.array(sizes, { minLength: 1, maxLength: 200 }), (percent, stock) => {
        const world: World = { archives: [], now: START, made: 0 };
        for (const bytes of stock) add(world, bytes, 30);
        const all = stock.reduce((sum, bytes) => sum + bytes, 0);
        for (let day = 0; day < 5; day += 1) {
          const { chosen } = sample(world, percent);
          const bytes = chosen.reduce((sum, archive) => sum + archive.bytes, 0);
          const last = chosen.at(-1)?.bytes ?? 0;
          expect(new Set(chosen).size).toBe(chosen.length);
          expect(bytes).toBeGreaterThanOrEqual((all * percent) / 100 - 1);
          expect(bytes - last).toBeLessThan((all * percent) / 100);
          world.now += DAY_MS;
        }
      }),
    );
  });
});

describe('a sample', () => {
  const turn = (changes: Partial<Turn>): Turn => ({
    startedAt: START - 30 * DAY_MS,
    bytes: 10 * MiB,
    suspect: false,
    ...changes,
  });
  const rule = { percent: 25, now: START, everyMs: DAY_MS };

  it('takes archives first that nobody has read, the oldest of them first', () => {
    const read = turn({ triedAt: START - DAY_MS });
    const newer = turn({ startedAt: START - DAY_MS });
    const older = turn({ startedAt: START - 2 * DAY_MS });
    expect(chooseSample([read, newer, older, turn({ triedAt: START - DAY_MS })], rule).chosen).toEqual([
      older,
    ]);
    expect(chooseSample([read, newer, older, read], { ...rule, percent: 50 }).chosen).toEqual([older, newer]);
  });

  it('then takes those that nobody has read for longest', () => {
    const archives = [5, 2, 9, 4].map((days) => turn({ triedAt: START - days * DAY_MS }));
    expect(chooseSample(archives, rule).chosen).toEqual([archives[2]]);
  });

  it('looks at what was damaged again besides, until it is well', () => {
    const damaged = turn({ triedAt: START - DAY_MS, suspect: true });
    const others = [turn({}), turn({}), turn({})];
    expect(chooseSample([...others, damaged], rule).chosen).toEqual([damaged, others[0]]);
  });

  it('does not spend more than as much again on damaged ones, so that mass damage stops no rotation', () => {
    const damaged = Array.from({ length: 50 }, (_, index) => turn({ triedAt: START - index, suspect: true }));
    const well = Array.from({ length: 50 }, () => turn({}));
    const { chosen } = chooseSample([...damaged, ...well], { ...rule, percent: 10 });
    expect(chosen.filter(({ suspect }) => suspect)).toHaveLength(10);
    expect(chosen.filter(({ suspect }) => !suspect)).toHaveLength(10);
  });

  it('of one archive takes that one, however small the share', () => {
    expect(chooseSample([turn({})], { ...rule, percent: 0.01 })).toMatchObject({
      chosen: [{ bytes: 10 * MiB }],
      samplesLeft: 0,
    });
  });

  it('of nothing is nothing', () => {
    expect(chooseSample([], rule)).toEqual({ chosen: [], samplesLeft: 0 });
  });

  it('of all reads all, and has none left', () => {
    const archives = Array.from({ length: 30 }, () => turn({}));
    expect(chooseSample(archives, { ...rule, percent: 100 })).toMatchObject({
      chosen: archives,
      samplesLeft: 0,
    });
  });

  it('of dumps that are gone (no bytes) does not take all of them at once', () => {
    const archives = Array.from({ length: 1000 }, () => turn({ bytes: 0 }));
    expect(chooseSample(archives, { ...rule, percent: 5 }).chosen).toHaveLength(50);
  });

  it('says how large it would have to be where new archives come in faster', () => {
    const daily = Array.from({ length: 28 }, (_, index) => turn({ startedAt: START - index * DAY_MS }));
    const { enoughPercent = 0 } = chooseSample(daily, { ...rule, percent: 1 });
    expect(enoughPercent).toBeGreaterThan(7);
    expect(enoughPercent).toBeLessThan(10);
    expect(chooseSample(daily, { ...rule, percent: enoughPercent })).not.toHaveProperty('enoughPercent');
  });

  it.each([100_000, 400_000])('of %d archives is chosen, and its end foretold, within seconds', (length) => {
    const archives = Array.from({ length }, (_, index) =>
      turn({ startedAt: START - (index % 365) * DAY_MS, bytes: ((index % 97) + 1) * MiB }),
    );
    const begun = performance.now();
    const { chosen, samplesLeft } = chooseSample(archives, { ...rule, percent: 1 });
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(chosen.length).toBeGreaterThan(500);
    expect(samplesLeft).toBeGreaterThan(90);
    expect(samplesLeft).toBeLessThan(150);
  });
});
