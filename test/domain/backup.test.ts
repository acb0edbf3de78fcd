/** When the cloud deletes a backup: what every urgency is measured by. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadlineOf } from '../../src/domain/backup.ts';
import { toInstant } from '../../src/domain/instant.ts';
import { DAY_MS } from '../support/builders.ts';

const moments = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000);

describe('the deadline of a backup', () => {
  it('is what the cloud says', () => {
    fc.assert(
      fc.property(moments, moments, (startedAt, expiresAt) => {
        const backup = { startedAt: toInstant(startedAt), expiresAt: toInstant(expiresAt) };
        expect(deadlineOf(backup)).toBe(expiresAt);
      }),
    );
  });

  it('is seven days after its start where the cloud does not say', () => {
    fc.assert(
      fc.property(moments, (startedAt) => {
        expect(deadlineOf({ startedAt: toInstant(startedAt) })).toBe(startedAt + 7 * DAY_MS);
      }),
    );
  });
});
