/** The alarm that ends a stalled download, and lets a slow bucket take its time. */
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { withStallTimeout } from '../../src/transfer/stall-timeout.ts';
import { createTestClock } from '../support/clock.ts';

/** A clock whose only alarm tells whether it runs, and goes off when the test says so. */
function alarmClock() {
  let running = false;
  let fireAlarm = () => {};
  const clock: Clock = {
    ...createTestClock(),
    alarm: (_, fire) => {
      fireAlarm = fire;
      return {
        restart: () => {
          running = true;
        },
        stop: () => {
          running = false;
        },
      };
    },
  };
  return { clock, running: () => running, fire: () => fireAlarm() };
}

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield Uint8Array.of(index);
}

async function* silence(): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(1);
  await new Promise(() => {});
}

describe('the stall alarm', () => {
  it('runs only while waiting for the source, so a slow bucket cannot trip it', async () => {
    const { clock, running } = alarmClock();
    const guarded = withStallTimeout(chunks(3), {
      clock,
      stallTimeoutMs: 10,
      signal: new AbortController().signal,
      cancel: () => {},
    });
    let seen = 0;
    for await (const _ of guarded) {
      expect(running()).toBe(false);
      seen += 1;
    }
    expect(seen).toBe(3);
    expect(running()).toBe(false);
  });

  it('ends a source that gives no byte, and gives up what lies below', async () => {
    const { clock, fire } = alarmClock();
    let cancelled = false;
    const guarded = withStallTimeout(silence(), {
      clock,
      stallTimeoutMs: 30_000,
      signal: new AbortController().signal,
      cancel: () => {
        cancelled = true;
      },
    });
    await guarded.next();
    const second = guarded.next();
    fire();
    await expect(second).rejects.toThrow('no byte came for 30 s');
    expect(cancelled).toBe(true);
  });

  it('lets an interruption through while the source is silent', async () => {
    const { clock } = alarmClock();
    const controller = new AbortController();
    const guarded = withStallTimeout(silence(), {
      clock,
      stallTimeoutMs: 10,
      signal: controller.signal,
      cancel: () => {},
    });
    await guarded.next();
    const second = guarded.next();
    controller.abort(new Error('stop'));
    await expect(second).rejects.toThrow('stop');
  });
});
