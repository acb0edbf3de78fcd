/** Which lock and which storage class a backup's objects are to have. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LockRule } from '../../src/domain/object-lock.ts';
import { createStorageChooser } from '../../src/plan/choose-storage.ts';
import { anInstance } from '../support/builders.ts';

const NOW = Date.parse('2026-11-24T03:00:00Z');
const everything = { sources: [], instances: ['*'], exclude: [], names: [], tags: {} };
const locking = (rule: Partial<LockRule> = {}): LockRule => ({
  ...everything,
  mode: 'governance',
  days: 30,
  legalHold: false,
  ...rule,
});
const chooser = (rules: Partial<Parameters<typeof createStorageChooser>[0]>) =>
  createStorageChooser({ objectLock: [], storageClasses: [], ...rules });

describe('how a backup is kept', () => {
  test('is as the bucket likes it where nothing is configured', () => {
    expect(chooser({})('gz', anInstance(), NOW)).toEqual({ data: {}, manifest: {} });
  });

  test('under a lock covers the dumps and the manifest, until the same moment', () => {
    const { data, manifest } = chooser({ objectLock: [locking()] })('gz', anInstance(), NOW);
    expect(data).toEqual({ lock: { mode: 'governance', until: '2026-12-24T03:00:00Z' } });
    expect(manifest).toEqual(data);
  });

  test('in a storage class covers the dumps alone: a manifest must stay readable', () => {
    const { data, manifest } = chooser({ storageClass: 'STANDARD_IA' })('gz', anInstance(), NOW);
    expect(data).toEqual({ storageClass: 'STANDARD_IA' });
    expect(manifest).toEqual({});
  });

  test('is decided by the first rule that fits, by source, id, name and tags', () => {
    const choose = chooser({
      objectLock: [
        locking({ instances: ['crs-scratch*'], mode: 'none' }),
        locking({
          sources: ['ap-*'],
          tags: { env: 'prod*' },
          mode: 'compliance',
          days: 365,
          legalHold: true,
        }),
        locking({ names: ['orders*'], days: 7 }),
      ],
      storageClasses: [{ ...everything, sources: ['eu-*'], storageClass: 'DEEP_ARCHIVE' }],
      storageClass: 'STANDARD_IA',
    });
    const production = anInstance({ tags: { env: 'production' }, name: 'other' });
    expect(choose('ap-guangzhou', production, NOW).manifest).toEqual({
      lock: { mode: 'compliance', until: '2027-11-24T03:00:00Z' },
      legalHold: true,
    });
    expect(choose('eu-frankfurt', production, NOW)).toEqual({
      manifest: {},
      data: { storageClass: 'DEEP_ARCHIVE' },
    });
    expect(choose('eu-frankfurt', anInstance({ name: 'orders-1' }), NOW).data).toEqual({
      lock: { mode: 'governance', until: '2026-12-01T03:00:00Z' },
      storageClass: 'DEEP_ARCHIVE',
    });
    const scratch = anInstance({ id: 'crs-scratch9', tags: { env: 'production' } });
    expect(choose('ap-guangzhou', scratch, NOW)).toEqual({
      manifest: {},
      data: { storageClass: 'STANDARD_IA' },
    });
  });

  test('is never locked for less than the days asked for, nor for a second more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 1, max: 36_500 }), (now, days) => {
        const { lock } = chooser({ objectLock: [locking({ days })] })('gz', anInstance(), now).manifest;
        const length = Date.parse(lock?.until ?? '') - now;
        expect(length).toBeGreaterThanOrEqual(days * 86_400_000);
        expect(length).toBeLessThan(days * 86_400_000 + 1000);
      }),
    );
  });
});
