/** A roll of archives knows which there are, whatever their number and ids, and takes hardly any memory for it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRoll } from '../../src/catalog/roll.ts';
import type { ArchiveRef } from '../../src/domain/archive-key.ts';
import { toInstant } from '../../src/domain/instant.ts';

const START = Date.parse('2026-11-24T02:15:00Z');

const refs = fc.record({
  source: fc.constantFrom('ap-guangzhou', 'ap-shanghai'),
  instanceId: fc.constantFrom('crs-1', 'crs-2', '__proto__'),
  backupId: fc.string({ maxLength: 5 }),
  startedAt: fc
    .integer({ min: 0, max: 40 })
    .map((hours) => (hours === 40 ? '9876-01-01T00:00:00Z' : toInstant(START + hours * 3_600_000))),
});
const idOf = ({ source, instanceId, backupId, startedAt }: ArchiveRef) =>
  [source, instanceId, backupId, startedAt].join('\n');
const byStart = (one: ArchiveRef, other: ArchiveRef) => (one.startedAt < other.startedAt ? -1 : 1);

it('tells what was entered from what was not, and gives each archive a position of its own', () => {
  fc.assert(
    fc.property(fc.uniqueArray(refs, { selector: idOf }), fc.array(refs), (entered, others) => {
      const roll = createRoll();
      for (const ref of entered.toSorted(byStart)) roll.add(ref);
      expect(roll.size).toBe(entered.length);
      expect(
        entered.map((ref) => roll.positionOf(ref)).sort((one, other) => (one ?? 0) - (other ?? 0)),
      ).toEqual(entered.map((_, index) => index));
      const known = new Set(entered.map(idOf));
      for (const ref of others) expect(roll.positionOf(ref) !== undefined).toBe(known.has(idOf(ref)));
      for (const { source, instanceId, size, offset } of roll.instances()) {
        const own = entered.filter((ref) => ref.source === source && ref.instanceId === instanceId);
        expect(size).toBe(own.length);
        const positions = own.map((ref) => roll.positionOf(ref) ?? -1);
        expect(Math.min(...positions)).toBe(offset);
        expect(Math.max(...positions)).toBe(offset + size - 1);
      }
    }),
  );
});
