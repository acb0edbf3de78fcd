/** When the worker calls itself ready, and what it says when it is not. */
import { describe, expect, test } from 'vitest';
import { createReadiness, reasonsOf } from '../../src/daemon/readiness.ts';
import { ArchiverError } from '../../src/domain/errors.ts';
import type { Reach } from '../../src/domain/reach.ts';
import type { ArchiverEvent } from '../../src/report/observer.ts';
import { HOUR_MS } from '../support/builders.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const MINUTE_MS = 60_000;
const SOURCES = ['gz', 'sh'];
const everything: readonly Reach[] = [{}, { source: 'gz' }, { source: 'sh' }];
const refused = new ArchiverError('credentials', 'the cloud refuses the key AKID1');

function watch(answer: () => Promise<readonly Reach[]> = async () => everything) {
  const clock = createVirtualClock('2026-11-24T00:00:00Z');
  const controller = new AbortController();
  const readiness = createReadiness({ sources: SOURCES, clock });
  let probes = 0;
  const begin = () =>
    readiness.keep(async () => {
      probes += 1;
      return answer();
    }, controller.signal);
  return { clock, readiness, begin, probes: () => probes, stop: () => controller.abort(new Error('stop')) };
}

const ref = (source: string) => ({ runId: 'run-1', source, region: source });
const listed = (source: string): ArchiverEvent => ({
  type: 'source.listed',
  ...ref(source),
  instances: 1,
  backups: 1,
});

test('nothing is ready before it was reached', () => {
  expect(watch().readiness.reasons()).toEqual([
    'the destination was not reached yet',
    'source gz was not reached yet',
    'source sh was not reached yet',
  ]);
});

test('one probe of everything at the start makes it ready, without any run', async () => {
  const { clock, readiness, begin } = watch();
  void begin();
  await clock.pass(0);
  expect(readiness.reasons()).toEqual([]);
});

test('what runs reach is not probed', async () => {
  const { clock, readiness, begin, probes } = watch();
  for (const source of SOURCES) readiness.observer(listed(source));
  void begin();
  await clock.pass(4 * MINUTE_MS);
  expect([readiness.reasons(), probes()]).toEqual([[], 0]);
});

test('what answered is asked again every few minutes, and no more often', async () => {
  const { clock, readiness, begin, probes } = watch();
  void begin();
  await clock.pass(HOUR_MS);
  expect(readiness.reasons()).toEqual([]);
  expect(probes()).toBeGreaterThanOrEqual(10);
  expect(probes()).toBeLessThanOrEqual(13);
});

test('what answered is asked again when the clock was set back', async () => {
  const { clock, begin, probes } = watch();
  void begin();
  await clock.pass(0);
  clock.set(Date.parse('2020-01-01T00:00:00Z'));
  await clock.pass(2 * MINUTE_MS);
  expect(probes()).toBe(2);
});

describe('a source that fails in a run', () => {
  const inRun: ArchiverEvent = { type: 'source.failed', ...ref('sh'), error: refused };

  test('is told although the run lists it as empty afterwards, until a probe reaches it', async () => {
    const { clock, readiness, begin } = watch();
    for (const event of [inRun, listed('gz'), listed('sh')]) readiness.observer(event);
    expect(readiness.reasons()).toEqual(['source sh: the cloud refuses the key AKID1']);
    void begin();
    await clock.pass(0);
    expect(readiness.reasons()).toEqual([]);
  });

  test('is ready again after the next run that lists it', () => {
    const { readiness } = watch();
    for (const event of [inRun, listed('gz'), listed('sh'), listed('sh')]) readiness.observer(event);
    expect(readiness.reasons()).toEqual([]);
  });
});

test('a destination that ends a run is told; a run that ends for another reason says nothing of it', () => {
  const { readiness } = watch();
  for (const source of SOURCES) readiness.observer(listed(source));
  const runFailed = (error: ArchiverError): ArchiverEvent => ({ type: 'run.failed', runId: 'run-2', error });
  readiness.observer(runFailed(new ArchiverError('unknown-instance', 'no instance in any source')));
  expect(readiness.reasons()).toEqual([]);
  readiness.observer(runFailed(new ArchiverError('store-refused', 's3://bucket refuses the key')));
  expect(readiness.reasons()).toEqual(['the destination: s3://bucket refuses the key']);
});

test('what a probe cannot reach is told and asked again every minute', async () => {
  let answer: readonly Reach[] = [{}, { source: 'gz', error: refused }, { source: 'sh' }];
  const { clock, readiness, begin } = watch(async () => answer);
  void begin();
  await clock.pass(0);
  expect(readiness.reasons()).toEqual(['source gz: the cloud refuses the key AKID1']);
  answer = everything;
  await clock.pass(MINUTE_MS);
  expect(readiness.reasons()).toEqual([]);
});

test('a probe that hangs makes what it should have reached unknown', async () => {
  const { clock, readiness, begin } = watch(() => new Promise(() => undefined));
  for (const source of SOURCES) readiness.observer(listed(source));
  void begin();
  await clock.pass(10 * MINUTE_MS);
  expect(readiness.reasons()).toEqual([]);
  await clock.pass(10 * MINUTE_MS);
  expect(readiness.reasons()).toContain('source gz was last reached 20 minutes ago');
});

test('a reason holds no link’s query', () => {
  const { readiness } = watch();
  const error = new ArchiverError('api-unavailable', 'GET https://host.example.com/x?sign=hush failed');
  readiness.observer({ type: 'source.failed', ...ref('gz'), error });
  expect(readiness.reasons().join()).not.toContain('hush');
});

test('a signal ends it, in mid-probe too', async () => {
  const { clock, begin, stop } = watch();
  const ended = begin();
  await clock.pass(MINUTE_MS);
  stop();
  await ended;
});

test('a run that has made no progress for half an hour is told, and one that is slow is not', () => {
  expect(reasonsOf({ silentMs: () => undefined })).toEqual([]);
  expect(reasonsOf({ silentMs: () => 30 * MINUTE_MS })).toEqual([]);
  expect(reasonsOf({ silentMs: () => 31.5 * MINUTE_MS })).toEqual([
    'the run in hand has made no progress for 31 minutes',
  ]);
});
