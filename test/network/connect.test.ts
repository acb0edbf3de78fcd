/** The race of a name's addresses, in a time that the test lets pass: who wins, who is closed, and what is told when nobody does. */
import { EventEmitter } from 'node:events';
import type net from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connect } from '../../src/network/connect.ts';

/** What comes of trying an address, so many milliseconds after it was begun. */
interface Way {
  readonly ends: 'connect' | 'error' | 'never';
  readonly afterMs: number;
}

class FakeSocket extends EventEmitter {
  destroyed = false;
  readonly address: string;
  readonly begunAt: number;
  constructor(address: string, begunAt: number) {
    super();
    this.address = address;
    this.begunAt = begunAt;
  }
  destroy(): this {
    this.destroyed = true;
    return this;
  }
}

/** Events in the order of their time; of the same time in the order in which they were planned. */
function createTime() {
  let now = 0;
  const planned: { at: number; fire: () => void; off?: boolean }[] = [];
  const plan = (milliseconds: number, fire: () => void) => {
    const event: (typeof planned)[number] = { at: now + milliseconds, fire };
    planned.push(event);
    return event;
  };
  return {
    plan,
    now: () => now,
    alarm(milliseconds: number, fire: () => void) {
      let event: ReturnType<typeof plan> | undefined;
      const stop = (): void => {
        if (event) event.off = true;
      };
      return {
        stop,
        restart() {
          stop();
          event = plan(milliseconds, fire);
        },
      };
    },
    async passAll(): Promise<void> {
      for (;;) {
        for (let turn = 0; turn < 6; turn += 1) await Promise.resolve();
        const next = planned.filter(({ off }) => !off).toSorted((a, b) => a.at - b.at)[0];
        if (!next) return;
        next.off = true;
        now = next.at;
        next.fire();
      }
    },
  };
}

const TIMEOUT_MS = 10_000;

async function raceOf(ways: readonly Way[], signal = new AbortController().signal) {
  const time = createTime();
  const sockets: FakeSocket[] = [];
  const addressOf = (index: number): string => `10.0.0.${index + 1}`;
  const open = ({ host }: net.TcpNetConnectOpts): net.Socket => {
    const socket = new FakeSocket(host ?? '', time.now());
    const { ends, afterMs } = ways[sockets.length] ?? { ends: 'never', afterMs: 0 };
    sockets.push(socket);
    time.plan(afterMs, () => {
      if (socket.destroyed) return;
      if (ends === 'connect') socket.emit('connect');
      if (ends === 'error') socket.emit('error', new Error(`connect ECONNREFUSED ${host}`));
    });
    return socket as unknown as net.Socket;
  };
  const lookup: net.LookupFunction = (_host, _options, callback) =>
    callback(
      null,
      ways.map((_, index) => ({ address: addressOf(index), family: 4 })),
    );
  const racing = connect(
    { host: 'name.example', port: 1, lookup },
    { clock: time, signal, timeoutMs: TIMEOUT_MS, open },
  ).then(
    (winner) => ({ winner: winner as unknown as FakeSocket, at: time.now() }),
    (error: Error) => ({ error, at: time.now() }),
  );
  await time.passAll();
  return { ...(await racing), sockets, addressOf };
}

const anyWay = fc.record({
  ends: fc.constantFrom('connect', 'error', 'never'),
  afterMs: fc.integer({ min: 0, max: 3000 }),
} satisfies Record<keyof Way, fc.Arbitrary<unknown>>) as fc.Arbitrary<Way>;

test('whatever the addresses do, the first that answers is taken, the others are closed, and no address waits longer than it must', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyWay, { minLength: 1, maxLength: 6 }), async (ways) => {
      const race = await raceOf(ways);
      const { sockets } = race;
      for (const [index, socket] of sockets.entries()) {
        const before = sockets[index - 1];
        // Begun a quarter of a second behind the last one, or sooner where one has failed.
        if (before) expect(socket.begunAt - before.begunAt).toBeLessThanOrEqual(250);
      }
      const answers = sockets.flatMap(({ begunAt }, index) =>
        ways[index]?.ends === 'connect' ? [begunAt + ways[index].afterMs] : [],
      );
      if ('winner' in race) {
        expect(race.at).toBe(Math.min(...answers));
        expect(race.winner.destroyed).toBe(false);
        const failed = sockets.filter(
          ({ begunAt }, index) => ways[index]?.ends === 'error' && begunAt + ways[index].afterMs <= race.at,
        );
        for (const socket of sockets)
          if (socket !== race.winner && !failed.includes(socket)) expect(socket.destroyed).toBe(true);
      } else {
        expect(answers).toEqual([]);
        expect(sockets).toHaveLength(ways.length);
        const told = race.error instanceof AggregateError ? race.error.errors : [race.error];
        expect(told.map(({ message }) => message)).toEqual(
          sockets.map(({ address }, index) =>
            ways[index]?.ends === 'error'
              ? `connect ECONNREFUSED ${address}`
              : `connect ETIMEDOUT ${address}:1`,
          ),
        );
        expect(race.at).toBeLessThanOrEqual(TIMEOUT_MS);
      }
    }),
    { numRuns: 300 },
  );
});

test('who is interrupted hears why, and nothing stays open', async () => {
  const stop = new AbortController();
  const racing = raceOf([{ ends: 'never', afterMs: 0 }], stop.signal);
  stop.abort(new Error('interrupted'));
  const race = await racing;
  expect(race).toMatchObject({ error: { message: 'interrupted' } });
  expect(race.sockets.every(({ destroyed }) => destroyed)).toBe(true);
});

test('the families are tried by turns, beginning with the first that the resolver names', async () => {
  const tried: string[] = [];
  const lookup: net.LookupFunction = (_host, _options, callback) =>
    callback(null, [
      { address: '::a', family: 6 },
      { address: '::b', family: 6 },
      { address: '::c', family: 6 },
      { address: '10.0.0.1', family: 4 },
    ]);
  const open = ({ host = '' }: net.TcpNetConnectOpts): net.Socket => {
    const socket = new FakeSocket(host, 0);
    tried.push(host);
    queueMicrotask(() => socket.emit('error', new Error('refused')));
    return socket as unknown as net.Socket;
  };
  const limits = { clock: createTime(), signal: new AbortController().signal, timeoutMs: 1000, open };
  await expect(connect({ host: 'name.example', port: 1, lookup }, limits)).rejects.toThrow('refused');
  expect(tried).toEqual(['::a', '10.0.0.1', '::b', '::c']);
});
