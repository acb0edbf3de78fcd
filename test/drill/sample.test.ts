/** A sample is fair: every instance gets its turn before any gets a second, and no archive is left out for ever. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rotation as rotate, sampleCount } from '../../src/drill/sample.ts';

interface Candidate {
  readonly source: string;
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: string;
  readonly drilledAt?: string;
}

function rotation(candidates: readonly Candidate[]): Candidate[] {
  const instances = Map.groupBy(candidates, instanceOf);
  const wasDrilled = (one: Candidate): one is Candidate & { drilledAt: string } =>
    one.drilledAt !== undefined;
  const queues = [...instances.values()].map((own) => ({
    source: own[0]?.source ?? '',
    instanceId: own[0]?.instanceId ?? '',
    never: own.filter((one) => !wasDrilled(one)).sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1)),
    drilled: own.filter(wasDrilled),
  }));
  return [...rotate<Candidate, Candidate & { drilledAt: string }>(queues)];
}

const instant = fc
  .integer({ min: 0, max: 400 })
  .map((day) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString().replace('.000', ''));

const archives = fc.uniqueArray(
  fc.record(
    {
      source: fc.constantFrom('ap-guangzhou', 'eu'),
      instanceId: fc.constantFrom('crs-a', 'crs-b', 'crs-c', 'crs-d'),
      backupId: fc.string({ minLength: 1, maxLength: 3 }),
      startedAt: instant,
      drilledAt: instant,
    },
    { requiredKeys: ['source', 'instanceId', 'backupId', 'startedAt'] },
  ),
  { maxLength: 40, selector: ({ source, instanceId, backupId }) => `${source}|${instanceId}|${backupId}` },
) as fc.Arbitrary<Candidate[]>;

const instanceOf = ({ source, instanceId }: Candidate): string => `${source}\n${instanceId}`;

describe('the rotation', () => {
  test('holds every archive once', () => {
    fc.assert(
      fc.property(archives, (candidates) => {
        const order = rotation(candidates);
        expect(order).toHaveLength(candidates.length);
        expect(new Set(order)).toEqual(new Set(candidates));
      }),
    );
  });

  test('takes one of every instance before the second of any', () => {
    fc.assert(
      fc.property(archives, (candidates) => {
        const taken = new Map<string, number>();
        const left = Map.groupBy(candidates, instanceOf);
        for (const archive of rotation(candidates)) {
          const id = instanceOf(archive);
          const mine = taken.get(id) ?? 0;
          for (const [other, all] of left) {
            const theirs = taken.get(other) ?? 0;
            // Whoever has had fewer turns has none left.
            if (theirs < mine) expect(theirs).toBe(all.length);
          }
          taken.set(id, mine + 1);
        }
      }),
    );
  });

  test('begins with the instance that has waited longest, one that was never drilled first of all', () => {
    fc.assert(
      fc.property(archives, (candidates) => {
        const last = (id: string): string =>
          candidates
            .filter((archive) => instanceOf(archive) === id)
            .reduce((latest, { drilledAt = '' }) => (drilledAt > latest ? drilledAt : latest), '');
        const instances = new Set(candidates.map(instanceOf)).size;
        const firsts = rotation(candidates).slice(0, instances).map(instanceOf);
        const waits = firsts.map(last);
        expect(waits).toEqual([...waits].sort());
      }),
    );
  });

  test('comes round to every archive when drills go on', () => {
    fc.assert(
      fc.property(archives, fc.integer({ min: 1, max: 5 }), (candidates, each) => {
        let now = Date.UTC(2028, 0, 1);
        let state: Candidate[] = candidates;
        const drilled = new Set<string>();
        const idOf = (archive: Candidate): string => `${instanceOf(archive)}\n${archive.backupId}`;
        for (let day = 0; day < candidates.length * 8; day++) {
          now += 86_400_000;
          const at = new Date(now).toISOString().replace('.000', '');
          const picked = new Set(rotation(state).slice(0, each).map(idOf));
          for (const id of picked) drilled.add(id);
          state = state.map((archive) =>
            picked.has(idOf(archive)) ? { ...archive, drilledAt: at } : archive,
          );
        }
        expect(drilled.size).toBe(candidates.length);
      }),
      { numRuns: 50 },
    );
  });

  test('takes the newest archive of an instance first, and then those whose drill is longest ago', () => {
    const base = { source: 's', instanceId: 'crs-a' };
    const order = rotation([
      { ...base, backupId: 'old', startedAt: '2026-01-01T00:00:00Z' },
      { ...base, backupId: 'again', startedAt: '2026-01-03T00:00:00Z', drilledAt: '2026-01-05T00:00:00Z' },
      { ...base, backupId: 'long-ago', startedAt: '2026-01-02T00:00:00Z', drilledAt: '2026-01-04T00:00:00Z' },
      { ...base, backupId: 'new', startedAt: '2026-01-06T00:00:00Z' },
    ]);
    expect(order.map(({ backupId }) => backupId)).toEqual(['new', 'old', 'long-ago', 'again']);
  });
});

describe('the size of a sample', () => {
  test.each([
    [{ count: 3 }, 10, 3],
    [{ count: 30 }, 10, 10],
    [{ percent: 5 }, 10, 1],
    [{ percent: 5 }, 21, 2],
    [{ percent: 100 }, 7, 7],
    [{ percent: 0.01 }, 7, 1],
    [{ count: 1 }, 0, 0],
  ])('%j of %d archives is %d', (size, archivesThere, count) => {
    expect(sampleCount(size, archivesThere)).toBe(count);
  });
});
