/** Who is told of a run, when, and how often: over real HTTP, and over several processes with one bucket. */
import { describe, expect, test } from 'vitest';
import type { Notification } from '../../../src/domain/notification.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { createTestClock } from '../../support/clock.ts';
import { startProxy } from '../../support/proxy.ts';
import { jsonReceiver, slackReceiver, type TestReceiver } from '../../support/receivers.ts';
import { aReceiver, createObjects, play, STATE_KEY, startProcess } from './setup.ts';
import { failedOutcome, HOUR_MS, lostStore, NOW, runOf } from './stories.ts';

const kinds = (receiver: TestReceiver) =>
  receiver.shown.map((body) => (JSON.parse(body) as Notification).kind);
const last = (receiver: TestReceiver) => JSON.parse(receiver.shown.at(-1) ?? '{}') as Notification;
const bad = (...ids: string[]) => runOf(ids.map((id) => failedOutcome(id)));

describe('a run', () => {
  test('that did all it should tells nobody anything', async () => {
    const receiver = await jsonReceiver();
    const objects = createObjects();
    await startProcess({ receivers: [aReceiver(receiver.url)] }, { objects }).run(runOf([]));
    expect(receiver.asked).toEqual([]);
    expect(objects.stored.size).toBe(0);
  });

  test('that failed in many ways sends one message, the most important first', async () => {
    const receiver = await jsonReceiver();
    const deadline = '2026-11-24T06:00:00Z';
    const troubles = [
      failedOutcome('later'),
      failedOutcome('urgent', 'download-failed', { deadline }),
      failedOutcome('gone', 'lost'),
    ];
    await startProcess({ receivers: [aReceiver(receiver.url)] }).run(runOf(troubles));
    expect(receiver.shown).toHaveLength(1);
    expect(last(receiver)).toMatchObject({
      kind: 'risk',
      run: { id: 'run-1', exitCode: 3 },
      items: [{ backupId: 'gone' }, { backupId: 'urgent', urgent: true, deadline }, { backupId: 'later' }],
    });
  });

  test('that left a backup to its deadline although the cloud deletes it today is told of', async () => {
    const receiver = await jsonReceiver();
    const skipped = (id: string, hours: number) =>
      failedOutcome(id, 'internal', {
        outcome: 'skipped',
        reason: 'deadline',
        deadline: new Date(NOW + hours * HOUR_MS).toISOString(),
      });
    await startProcess({ receivers: [aReceiver(receiver.url)] }).run(
      runOf([skipped('today', 20), skipped('next-week', 100)]),
    );
    expect(last(receiver).items.map(({ backupId }) => backupId)).toEqual(['today']);
  });

  test('that was interrupted is told only to whom wants to know', async () => {
    const [quiet, curious] = [await jsonReceiver(), await jsonReceiver()];
    const receivers = [
      aReceiver(quiet.url, { name: 'quiet' }),
      aReceiver(curious.url, { name: 'curious', events: ['interrupted'] }),
    ];
    const interrupted = failedOutcome('backup-1', 'interrupted');
    await startProcess({ receivers }).run(runOf([interrupted], { exitCode: 143 }));
    expect(quiet.asked).toEqual([]);
    expect(kinds(curious)).toEqual(['interrupted']);
    expect(last(curious).items).toEqual([]);
  });

  test('that could not reach the destination is told of all the same', async () => {
    const receiver = await jsonReceiver();
    const objects = createObjects();
    objects.broken = true;
    const { run, of } = startProcess({ receivers: [aReceiver(receiver.url)] }, { objects });
    await run(runOf([lostStore()], { exitCode: 11 }));
    expect(last(receiver)).toMatchObject({ items: [{ subject: 'run', reason: 'store-unreachable' }] });
    expect(of('warning')).toHaveLength(1);
    await run(runOf([lostStore()], { exitCode: 11 }));
    expect(receiver.shown).toHaveLength(1);
  });

  test('is not told again and again by a worker that may not write to the destination', async () => {
    const receiver = await jsonReceiver();
    const objects = createObjects();
    objects.broken = 'writes';
    const { run, of } = startProcess({ receivers: [aReceiver(receiver.url)] }, { objects });
    await run(bad('backup-1'));
    await run(bad('backup-1'));
    expect(receiver.shown).toHaveLength(1);
    expect(of('warning')).toMatchObject([{ message: expect.stringContaining('the bucket is down') }]);
  });

  test('keeps its summary for the last line', async () => {
    const receiver = await jsonReceiver();
    receiver.fail({ status: 500, body: '' });
    const { run, told } = startProcess({ receivers: [aReceiver(receiver.url)] });
    await run(bad('backup-1'));
    expect(told.map(({ type }) => type).slice(-2)).toEqual(['notify.failed', 'run.summary']);
  });
});

describe('who wants only what is urgent', () => {
  test('is told of backups at risk and of nothing else', async () => {
    const receiver = await jsonReceiver();
    const { run } = startProcess({ receivers: [aReceiver(receiver.url, { events: ['risk'] })] });
    await run(bad('backup-1'));
    expect(receiver.shown).toEqual([]);
    await run(runOf([failedOutcome('backup-1'), failedOutcome('backup-2', 'lost')]));
    expect(last(receiver).items.map(({ backupId }) => backupId)).toEqual(['backup-2']);
  });
});

describe('over several processes', () => {
  test('the same trouble is told once an interval, and a new one at once', async () => {
    const receiver = await jsonReceiver();
    const world = { objects: createObjects(), clock: createTestClock() };
    const hour = async (...ids: string[]) => {
      await startProcess({ receivers: [aReceiver(receiver.url)] }, world).run(bad(...ids));
      world.clock.advance(HOUR_MS);
      return receiver.shown.length;
    };
    expect(await hour('backup-1')).toBe(1);
    expect(await hour('backup-1')).toBe(1);
    expect(await hour('backup-1', 'backup-2')).toBe(2);
    expect(await hour('backup-2')).toBe(2);
    expect(await hour('backup-1')).toBe(2);
    world.clock.advance(4 * HOUR_MS);
    expect(await hour('backup-1')).toBe(3);
  });

  test('what was told while the clock was ahead by years is told again when it is right', async () => {
    const receiver = await jsonReceiver();
    const objects = createObjects();
    for (const start of ['2031-01-01T00:00:00Z', '2026-11-24T03:00:00Z']) {
      const world = { objects, clock: createTestClock(start) };
      const trouble = failedOutcome('backup-1', 'download-failed', { deadline: '2040-01-01T00:00:00Z' });
      await startProcess({ receivers: [aReceiver(receiver.url)] }, world).run(runOf([trouble]));
    }
    expect(receiver.shown).toHaveLength(2);
  });

  test('a backup that comes to be at risk is a new trouble', async () => {
    const receiver = await jsonReceiver();
    const world = { objects: createObjects(), clock: createTestClock() };
    const process = () => startProcess({ receivers: [aReceiver(receiver.url)] }, world);
    const deadline = new Date(NOW + 25 * HOUR_MS).toISOString();
    await process().run(runOf([failedOutcome('backup-1', 'download-failed', { deadline })]));
    world.clock.advance(2 * HOUR_MS);
    await process().run(runOf([failedOutcome('backup-1', 'download-failed', { deadline })]));
    expect(kinds(receiver)).toEqual(['failure', 'risk']);
  });

  test('the first good run after a bad one is told as a recovery, once, with when it began', async () => {
    const receiver = await jsonReceiver();
    const world = { objects: createObjects(), clock: createTestClock() };
    for (const events of [bad('backup-1'), bad('backup-1'), runOf([]), runOf([])]) {
      await startProcess({ receivers: [aReceiver(receiver.url)] }, world).run(events);
      world.clock.advance(HOUR_MS);
    }
    expect(kinds(receiver)).toEqual(['failure', 'recovery']);
    expect(last(receiver)).toMatchObject({ since: '2026-11-24T03:00:00Z', items: [] });
  });

  test('a good run over other sources is no recovery', async () => {
    const receiver = await jsonReceiver();
    const { run } = startProcess({ receivers: [aReceiver(receiver.url)] });
    await run(bad('backup-1'));
    await run(runOf([], {}, ['eu-frankfurt']));
    expect(kinds(receiver)).toEqual(['failure']);
    await run(runOf([]));
    expect(kinds(receiver)).toEqual(['failure', 'recovery']);
  });

  test('a good run is no recovery while another one is still at some of the backups', async () => {
    const receiver = await jsonReceiver();
    const { run } = startProcess({ receivers: [aReceiver(receiver.url)] });
    await run(bad('backup-1'));
    await run(runOf([], { skippedBy: { 'in-progress': 1 } }));
    expect(kinds(receiver)).toEqual(['failure']);
    await run(runOf([]));
    expect(kinds(receiver)).toEqual(['failure', 'recovery']);
  });

  test('who could not be reached is told by the next run', async () => {
    const [dead, alive] = [await jsonReceiver(), await jsonReceiver()];
    const receivers = [aReceiver(dead.url, { name: 'dead' }), aReceiver(alive.url, { name: 'alive' })];
    const world = { objects: createObjects(), clock: createTestClock() };
    dead.fail({ status: 503, body: '' });
    await startProcess({ receivers }, world).run(bad('backup-1'));
    dead.fail(undefined);
    await startProcess({ receivers }, world).run(bad('backup-1'));
    expect(kinds(dead)).toEqual(['failure']);
    expect(kinds(alive)).toEqual(['failure']);
  });

  test('a memory that nobody can read is an empty one', async () => {
    const receiver = await jsonReceiver();
    const objects = createObjects();
    for (const text of [
      '',
      'not JSON',
      '{"schema":"other@1"}',
      '{"schema":"rdb-archiver/notify-state@1","receivers":{"ops":{"at":{"x":7},"open":{"since":"never"}}}}',
    ]) {
      objects.stored.set(STATE_KEY, text);
      await startProcess({ receivers: [aReceiver(receiver.url)] }, { objects }).run(bad('backup-1'));
    }
    expect(receiver.shown).toHaveLength(4);
  });

  test('the memory stays small, however much goes wrong', async () => {
    const receiver = await jsonReceiver();
    const objects = createObjects();
    const ids = Array.from({ length: 5000 }, (_, index) => `backup-${index}`);
    await startProcess({ receivers: [aReceiver(receiver.url)] }, { objects }).run(bad(...ids));
    expect(objects.stored.get(STATE_KEY)?.length).toBeLessThan(50_000);
    expect(last(receiver).more).toBe(4800);
  });
});

describe('runs that overlap in one process', () => {
  const signal = new AbortController().signal;
  const failing = (runId: string, backupId: string) =>
    runOf([failedOutcome(backupId, 'download-failed', { runId })], { runId });

  test('are told apart, and the second one knows what the first one told', async () => {
    const receiver = await jsonReceiver();
    const { notifier, of } = startProcess({ receivers: [aReceiver(receiver.url)] });
    await Promise.all(
      ['run-a', 'run-b'].map((runId) =>
        notifier.after(async () => play(failing(runId, 'backup-1'), notifier.observer), signal),
      ),
    );
    expect(receiver.shown).toHaveLength(1);
    expect(last(receiver).items).toHaveLength(1);
    expect(of('run.summary').map(({ summary }) => summary.runId)).toEqual(['run-a', 'run-b']);
  });

  test('are told each when it is over itself, with what it was about', async () => {
    const receiver = await jsonReceiver();
    const { notifier, of } = startProcess({ receivers: [aReceiver(receiver.url)] });
    const goOn = Promise.withResolvers<void>();
    const slow = notifier.after(async () => {
      const summary = play(failing('run-slow', 'backup-2'), notifier.observer);
      await goOn.promise;
      return summary;
    }, signal);
    await notifier.after(async () => play(failing('run-quick', 'backup-1'), notifier.observer), signal);
    expect(last(receiver)).toMatchObject({ run: { id: 'run-quick' }, items: [{ backupId: 'backup-1' }] });
    expect(of('run.summary').map(({ summary }) => summary.runId)).toEqual(['run-quick']);
    goOn.resolve();
    await slow;
    expect(last(receiver)).toMatchObject({ run: { id: 'run-slow' }, items: [{ backupId: 'backup-2' }] });
    expect(receiver.shown).toHaveLength(2);
  });

  test('that break off with a bug keep nobody else from being told', async () => {
    const receiver = await jsonReceiver();
    const { notifier, run } = startProcess({ receivers: [aReceiver(receiver.url)] });
    const broken = notifier.after(() => Promise.reject(new TypeError('a bug')), signal);
    await expect(broken).rejects.toThrow('a bug');
    await run(bad('backup-1'));
    expect(receiver.shown).toHaveLength(1);
  });
});

test('messages go through the proxy of the environment', async () => {
  const receiver = await slackReceiver();
  const proxy = await startProxy({ routes: { 'hooks.test': new URL(receiver.origin).host } });
  const url = receiver.url.replace(receiver.origin, 'http://hooks.test');
  const { run } = startProcess(
    { receivers: [aReceiver(url, { preset: 'slack' })] },
    { environment: { HTTP_PROXY: proxy.url } },
  );
  await run(bad('backup-1'));
  await proxy.close();
  expect(proxy.asked).toEqual(['POST hooks.test']);
  expect(receiver.shown).toHaveLength(1);
});

test('a token travels as a bearer token, beside the headers that were asked for', async () => {
  const receiver = await jsonReceiver();
  const options = {
    token: new Secret('t0k3n-of-ops'),
    headers: { 'x-team': 'redis' },
    method: 'PUT',
  } as const;
  await startProcess({ receivers: [aReceiver(receiver.url, options)] }).run(bad('backup-1'));
  expect(receiver.asked).toMatchObject([
    { method: 'PUT', headers: { authorization: 'Bearer t0k3n-of-ops', 'x-team': 'redis' } },
  ]);
});
