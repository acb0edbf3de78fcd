/** The dead-man switch: success is told only after a run that did all it should. */
import { describe, expect, test } from 'vitest';
import { fixed } from '../../../src/domain/current.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { ADDRESS_SECRET, heartbeatReceiver } from '../../support/receivers.ts';
import { startProcess } from './setup.ts';
import { failedOutcome, runOf } from './stories.ts';

async function beating(sources: readonly string[] = ['ap-guangzhou'], suffix = '') {
  const receiver = await heartbeatReceiver();
  const process = startProcess({ heartbeat: fixed(new Secret(receiver.url + suffix)), sources });
  return { receiver, ...process };
}

describe('the heartbeat', () => {
  test('tells the beginning and the success of a run, each with a line for people', async () => {
    const { receiver, run } = await beating();
    await run(runOf([]));
    expect(receiver.shown).toEqual(['/start', '(success)']);
    expect(receiver.asked.map(({ method, body }) => [method, body])).toEqual([
      ['POST', 'run run-1'],
      ['POST', 'run run-1: archived 1, skipped 1, failed 0, exit 0'],
    ]);
  });

  test.each([3, 10, 11, 143])('tells no success of a run that ends in %i', async (exitCode) => {
    const { receiver, run } = await beating();
    await run(runOf([], { exitCode }));
    expect(receiver.shown).toEqual(['/start', '/fail']);
  });

  test('goes to the address that lies in its file by then', async () => {
    const [old, next] = [await heartbeatReceiver(), await heartbeatReceiver()];
    let address = new Secret(old.url);
    const { run } = startProcess({ heartbeat: () => address });
    await run(runOf([]));
    address = new Secret(next.url);
    await run(runOf([]));
    expect([old.shown, next.shown]).toEqual([
      ['/start', '(success)'],
      ['/start', '(success)'],
    ]);
  });

  test('keeps the query of its address behind the path', async () => {
    const { receiver, run } = await beating(['ap-guangzhou'], '/?key=1');
    await run(runOf([]));
    expect(receiver.asked.map(({ path }) => path)).toEqual([
      `/${ADDRESS_SECRET}/start?key=1`,
      `/${ADDRESS_SECRET}?key=1`,
    ]);
  });

  test('is not given by a part of the sources for all of them', async () => {
    const { receiver, run } = await beating(['a', 'b']);
    await run(runOf([], {}, ['a']));
    await run(runOf([], {}, ['a']));
    expect(receiver.shown).toEqual([]);
    await run(runOf([], {}, ['b']));
    expect(receiver.shown).toEqual(['(success)']);
    await run(runOf([failedOutcome('backup-1')], {}, ['b']));
    await run(runOf([], {}, ['a']));
    expect(receiver.shown).toEqual(['(success)', '/fail']);
  });

  test('that arrives at an address which nobody watches is reported', async () => {
    const { receiver, run, of } = await beating();
    receiver.fail({ body: 'OK (not found)' });
    await run(runOf([]));
    expect(of('notify.failed').map((event) => event.receiver)).toEqual(['heartbeat', 'heartbeat']);
    expect(of('notify.failed')[1]?.error.message).toContain('OK (not found)');
    expect(JSON.stringify(of('notify.failed').map(({ error }) => error.message))).not.toContain(
      ADDRESS_SECRET,
    );
  });

  test('is tried again, since a missed success is a false alarm', async () => {
    const { receiver, run, of } = await beating();
    receiver.fail('reset');
    await run(runOf([]));
    expect(receiver.asked).toHaveLength(1 + 3);
    expect(of('run.summary')).toMatchObject([{ summary: { exitCode: 0 } }]);
  });
});
