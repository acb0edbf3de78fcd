/** What is to be archived now, and why the rest is not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backup } from '../../src/domain/backup.ts';
import { toEpoch, toInstant } from '../../src/domain/instant.ts';
import { makePlan, type PlanInput } from '../../src/plan/plan.ts';
import { aBackup, anInstance, DAY_MS, HOUR_MS } from '../support/builders.ts';

const NOW = toEpoch('2026-11-24T03:00:00Z');

function plan(backups: readonly Backup[], changes: Partial<PlanInput> = {}) {
  return makePlan({
    instances: [anInstance()],
    backups,
    selects: () => true,
    shard: { index: 0, count: 1 },
    takesEncrypted: true,
    isArchived: () => false,
    hasEarlierArchive: () => false,
    quarantinedAt: () => undefined,
    now: NOW,
    ...changes,
  });
}

function decisionOf(backup: Backup, changes: Partial<PlanInput> = {}) {
  const made = plan([backup], changes);
  return [...made.todo, ...made.rest][0]?.decision;
}

const expiring = (hours: number, changes: Partial<Backup> = {}) =>
  aBackup({ expiresAt: toInstant(NOW + hours * HOUR_MS), ...changes });

describe('the plan', () => {
  it('archives what can be had and is not archived', () => {
    expect(decisionOf(aBackup())).toEqual({ action: 'archive' });
  });

  it('leaves alone what is archived, in whatever state the cloud shows it', () => {
    for (const state of ['available', 'not-ready', 'expired'] as const) {
      expect(decisionOf(aBackup({ state }), { isArchived: () => true })).toEqual({
        action: 'skip',
        reason: 'already-archived',
      });
    }
  });

  it('waits for a backup that is not ready, until a day before the cloud deletes it', () => {
    expect(decisionOf(expiring(24.1, { state: 'not-ready' }))).toEqual({
      action: 'skip',
      reason: 'not-ready',
    });
    expect(decisionOf(expiring(23.9, { state: 'not-ready' }))).toEqual({
      action: 'fail',
      reason: 'never-ready',
    });
  });

  it('counts seven days from the start where the cloud does not say when it deletes', () => {
    const { expiresAt: _, ...backup } = aBackup({
      state: 'not-ready',
      startedAt: toInstant(NOW - 6.5 * DAY_MS),
    });
    expect(decisionOf(backup)).toEqual({ action: 'fail', reason: 'never-ready' });
  });

  it('calls an expired backup lost when its instance had been archived before, and only late when it had not', () => {
    const expired = aBackup({ state: 'expired' });
    expect(decisionOf(expired, { hasEarlierArchive: () => true })).toEqual({
      action: 'fail',
      reason: 'lost',
    });
    expect(decisionOf(expired)).toEqual({ action: 'skip', reason: 'expired' });
  });

  it('tries a quarantined backup again once a day, and reports it without a download in between', () => {
    expect(decisionOf(aBackup(), { quarantinedAt: () => NOW - 23 * HOUR_MS })).toEqual({
      action: 'fail',
      reason: 'corrupt-source',
    });
    expect(decisionOf(aBackup(), { quarantinedAt: () => NOW - 25 * HOUR_MS })).toEqual({ action: 'archive' });
  });

  it('has its days end on the second: a whole day left is no risk yet, a record a day old waits no longer', () => {
    expect(decisionOf(expiring(24, { state: 'not-ready' }))).toMatchObject({ reason: 'not-ready' });
    expect(decisionOf(aBackup(), { quarantinedAt: () => NOW })).toMatchObject({ reason: 'corrupt-source' });
    expect(decisionOf(aBackup(), { quarantinedAt: () => NOW - DAY_MS })).toEqual({ action: 'archive' });
  });

  it('does not wait for a quarantine record that a wrong clock dated into the future', () => {
    expect(decisionOf(aBackup(), { quarantinedAt: () => NOW + 1000 })).toEqual({ action: 'archive' });
  });

  it('orders what is equally urgent by age, instance and id, so that two runs agree', () => {
    const instances = ['crs-a', 'crs-b'].map((id) => anInstance({ id }));
    const wanted = [
      { instanceId: 'crs-b', id: 'z', hoursAgo: 9 },
      { instanceId: 'crs-a', id: 'y', hoursAgo: 5 },
      { instanceId: 'crs-b', id: 'w', hoursAgo: 5 },
      { instanceId: 'crs-b', id: 'x', hoursAgo: 5 },
    ];
    const backups = wanted.map(({ hoursAgo, ...ids }) =>
      expiring(30, { ...ids, startedAt: toInstant(NOW - hoursAgo * HOUR_MS) }),
    );
    for (const shuffled of [backups, backups.toReversed()])
      expect(plan(shuffled, { instances }).todo.map(({ backup }) => backup.id)).toEqual(['z', 'y', 'w', 'x']);
  });

  it('leaves out backups of an instance that nobody knows', () => {
    expect(plan([aBackup({ instanceId: 'crs-stranger' })]).uncounted).toEqual({
      filtered: 1,
      'other-shard': 0,
    });
  });

  it('only counts what the filters leave out and what falls to another worker', () => {
    expect(plan([aBackup()], { selects: () => false })).toMatchObject({
      todo: [],
      rest: [],
      uncounted: { filtered: 1, 'other-shard': 0 },
    });
    const shares = [0, 1, 2].map((index) => plan([aBackup()], { shard: { index, count: 3 } }));
    expect(shares.map((share) => share.todo.length).sort()).toEqual([0, 0, 1]);
    expect(shares.map((share) => share.uncounted['other-shard']).sort()).toEqual([0, 1, 1]);
  });

  it('puts first what the cloud will delete soonest', () => {
    const hours = [50, 3, 100, 26];
    const backups = hours.map((left) => expiring(left, { id: `in-${left}` }));
    expect(plan(backups).todo.map(({ backup }) => backup.id)).toEqual(['in-3', 'in-26', 'in-50', 'in-100']);
  });

  const backups = fc.uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[a-z]{1,4}$/),
      state: fc.constantFrom('available', 'not-ready', 'expired'),
      startedAt: fc.integer({ min: 0, max: 8 * 24 }).map((hours) => toInstant(NOW - hours * HOUR_MS)),
    }),
    { selector: ({ id }) => id },
  );

  it('considers every backup exactly once, and in an order that does not depend on the listing’s', () => {
    fc.assert(
      fc.property(backups, (rows) => {
        const made = plan(rows.map(aBackup));
        const again = plan(rows.toReversed().map(aBackup));
        const ids = [...made.todo, ...made.rest].map(({ backup }) => backup.id);
        expect(ids.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
        expect(again.todo).toEqual(made.todo);
      }),
    );
  });

  it('of a plan that was carried out is empty', () => {
    fc.assert(
      fc.property(backups, (rows) => {
        const first = plan(rows.map(aBackup));
        const done = new Set(first.todo.map(({ backup }) => backup.id));
        expect(plan(rows.map(aBackup), { isArchived: ({ id }) => done.has(id) }).todo).toEqual([]);
      }),
    );
  });
});

it('an encrypted backup fails where none is to be archived without its key, unless it is archived already', () => {
  const encrypted = aBackup({ encrypted: true });
  expect(decisionOf(encrypted)).toEqual({ action: 'archive' });
  expect(decisionOf(encrypted, { takesEncrypted: false })).toEqual({
    action: 'fail',
    reason: 'key-not-kept',
  });
  expect(decisionOf(aBackup(), { takesEncrypted: false })).toEqual({ action: 'archive' });
  expect(decisionOf(encrypted, { takesEncrypted: false, isArchived: () => true })).toMatchObject({
    reason: 'already-archived',
  });
});
