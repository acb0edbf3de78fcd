/** What runs are at, for those who look: silence, however many runs there are, and what comes too late. */
import { describe, expect, test } from 'vitest';
import { createInHand } from '../../src/report/in-hand.ts';
import type { ArchiverEvent } from '../../src/report/observer.ts';
import { createTestClock } from '../support/clock.ts';
import { aBeginning, late, summary, transfer } from './examples.ts';

const MINUTE_MS = 60_000;

function watch() {
  const clock = createTestClock();
  const inHand = createInHand(clock);
  return {
    inHand,
    /** Tells these, and lets so many minutes pass. */
    later(minutes: number, ...events: readonly ArchiverEvent[]) {
      for (const event of events) inHand.observer(event);
      clock.advance(minutes * MINUTE_MS);
      return inHand.silentMs() === undefined ? undefined : Number(inHand.silentMs()) / MINUTE_MS;
    },
  };
}

const ref = { runId: 'run-1', source: 'prod', region: 'ap-guangzhou' };
const page: ArchiverEvent = {
  type: 'listing.progress',
  ...ref,
  list: 'DescribeInstances',
  pages: 1,
  rows: 1,
};
const planned = (runId: string): ArchiverEvent => ({ type: 'plan.ready', runId, todo: 1, skipped: 0 });
const progress: ArchiverEvent = { type: 'transfer.progress', ...transfer, position: 1 };
const ended = (runId: string): ArchiverEvent => ({ type: 'run.summary', summary: { ...summary, runId } });

describe('the silence', () => {
  test('is that of a run which looks around, and ends with each page of a list', () => {
    const { later } = watch();
    expect(later(5)).toBeUndefined();
    expect(later(5, aBeginning('run-1'))).toBe(5);
    expect(later(2)).toBe(7);
    expect(later(1, page)).toBe(1);
    expect(later(0, ended('run-1'))).toBeUndefined();
  });

  test('is that of the transfer which was silent longest, whatever others do', () => {
    const { later } = watch();
    later(0, aBeginning('run-1'), planned('run-1'), progress);
    expect(later(3, { ...progress, transferId: 2 })).toBe(3);
    expect(later(3, { ...progress, transferId: 2 })).toBe(6);
    expect(later(1, progress)).toBe(4);
    expect(later(1, { type: 'transfer.end', ...transfer, transferId: 2, ok: true })).toBe(2);
  });

  test('is not that of a run which waits for the transfers of another', () => {
    const { later } = watch();
    later(0, aBeginning('run-1'), planned('run-1'), progress, aBeginning('run-2'), planned('run-2'));
    later(60);
    expect(later(1, progress)).toBe(1);
    expect(later(5, ended('run-1'))).toBe(66);
  });

  test('ends where a run is broken off', () => {
    const { later } = watch();
    later(9, { ...aBeginning('run-1'), schedule: '17 * * * *' }, planned('run-1'), progress);
    const error = new Error('a bug') as never;
    expect(
      later(0, { type: 'schedule.run-failed', cron: '17 * * * *', sources: ['prod'], error }),
    ).toBeUndefined();
  });
});

test('transfers that come too late are known, most urgent first, until they are in time or over', () => {
  const { inHand, later } = watch();
  const other = { ...late, transferId: 2, deadline: '2026-11-24T01:00:00Z' };
  later(1, aBeginning('run-1'), late, other);
  expect(inHand.late()).toEqual([other, late]);
  later(1, { ...other, type: 'transfer.in-time' });
  expect(inHand.late()).toEqual([late]);
  later(1, { type: 'transfer.end', ...transfer, ok: false });
  expect(inHand.late()).toEqual([]);
});
