/** Places for files on their way: by urgency, no more than there are, and none that slow servers keep from the others. */
import { describe, expect, it } from 'vitest';
import { createPlaces, GaveWay, type Place } from '../../src/archiver/places.ts';
import { aBackup, HOUR_MS } from '../support/builders.ts';
import { createTestClock } from '../support/clock.ts';

const open = (count: number) => {
  const clock = createTestClock();
  const places = createPlaces(count, clock);
  const served: string[] = [];
  const { signal } = new AbortController();
  /** The cloud deletes it after so many hours. */
  const take = (id: string, hours: number, tried = false): Promise<Place> => {
    const expiresAt = new Date(clock.now() + hours * HOUR_MS).toISOString();
    return places.take(aBackup({ id, expiresAt }), { tried }, signal).then((place) => {
      served.push(id);
      return place;
    });
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { places, take, served, settle };
};

describe('places', () => {
  it('are given to the most urgent, as they come free, and to no more than there are', async () => {
    const { take, served, settle } = open(1);
    const first = await take('first', 100);
    void take('later', 90);
    void take('sooner', 50).then((place) => place.release());
    await settle();
    expect(served).toEqual(['first']);
    first.release();
    first.release();
    await settle();
    expect(served).toEqual(['first', 'sooner', 'later']);
  });

  it('are left by those who no longer wait', async () => {
    const { places, take, served, settle } = open(1);
    const first = await take('first', 100);
    const enough = new AbortController();
    const given = places.take(aBackup({ id: 'gone' }), { tried: false }, enough.signal);
    enough.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    void take('next', 100);
    first.release();
    await settle();
    expect(served).toEqual(['first', 'next']);
  });
});

describe('where all who hold a place are slow', () => {
  it('the next one has a try, and gives way to another when it is slow too; then each waits for a place', async () => {
    const { take, served, settle } = open(2);
    const slow = [await take('slow-1', 10), await take('slow-2', 11)];
    const third = take('slow-3', 12);
    const fast = take('fast', 13);
    slow[0]?.judge(true);
    await settle();
    expect(served).toEqual(['slow-1', 'slow-2']);
    slow[1]?.judge(true);
    const trial = await third;
    trial.judge(true);
    expect(trial.signal.reason).toBeInstanceOf(GaveWay);
    expect(slow.map((place) => place.signal.aborted)).toEqual([false, false]);
    trial.release();
    (await fast).release();
    void take('slow-3 again', 12, true);
    await settle();
    expect(served).toEqual(['slow-1', 'slow-2', 'slow-3', 'fast']);
    slow[0]?.release();
    await settle();
    expect(served.at(-1)).toBe('slow-3 again');
  });

  it('whoever has a try stays while nobody else waits, and has the place that comes free', async () => {
    const { take, settle } = open(1);
    const slow = await take('slow', 10);
    slow.judge(true);
    const trial = await take('trial', 100);
    trial.judge(true);
    slow.release();
    void take('next', 100);
    await settle();
    expect(trial.signal.aborted).toBe(false);
  });
});

it('who would be lost behind those who have more time has a try, however fast they are', async () => {
  const { take, served, settle } = open(1);
  await take('healthy', 100);
  void take('not yet', 90);
  await settle();
  expect(served).toEqual(['healthy']);
  await take('at risk', 2);
  expect(served).toEqual(['healthy', 'at risk']);
});
