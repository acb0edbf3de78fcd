/** A notifier on loopback with a memory that outlives it, and everything that it told. */
import { onTestFinished } from 'vitest';
import { fixed } from '../../../src/domain/current.ts';
import type { RunSummary } from '../../../src/domain/outcome.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { createAgents } from '../../../src/network/agents.ts';
import type { SmallObjects } from '../../../src/report/notify/memory.ts';
import { createNotifier, type NotifierOptions } from '../../../src/report/notify/notifier.ts';
import type { ReceiverOptions, ReceiverSecrets } from '../../../src/report/notify/receiver.ts';
import type { ArchiverEvent, Observer } from '../../../src/report/observer.ts';
import { systemClock } from '../../../src/system-clock.ts';
import { createTestClock, type TestClock } from '../../support/clock.ts';

export const STATE_KEY = 'redis/state/notify/0-of-1.json';

/** A bucket for one test; `broken` makes every call fail, or the writes alone. */
export function createObjects(): SmallObjects & {
  readonly stored: Map<string, string>;
  broken: boolean | 'writes';
} {
  const stored = new Map<string, string>();
  const objects = {
    stored,
    broken: false as boolean | 'writes',
    async read(key: string) {
      if (objects.broken === true) throw new Error('the bucket is down');
      const text = stored.get(key);
      return text === undefined ? undefined : once(Buffer.from(text));
    },
    async put(key: string, body: Uint8Array) {
      if (objects.broken) throw new Error('the bucket is down');
      stored.set(key, Buffer.from(body).toString());
    },
  };
  return objects;
}

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

type Changes = Partial<Omit<ReceiverOptions, 'secrets'>> & Partial<ReceiverSecrets>;

export function aReceiver(address: string, { secret, token, ...changes }: Changes = {}): ReceiverOptions {
  const url = new Secret(address);
  return {
    name: 'ops',
    preset: 'json',
    secrets: fixed({ url, ...(secret && { secret }), ...(token && { token }) }),
    events: ['failure', 'recovery', 'risk'],
    intervalMs: 6 * 3_600_000,
    method: 'POST',
    headers: {},
    ...changes,
  };
}

/** What a run tells, and its summary, which is the last of it. */
export function play(events: readonly ArchiverEvent[], observer: Observer): RunSummary {
  events.forEach(observer);
  const last = events.at(-1);
  if (last?.type !== 'run.summary') throw new Error('a run ends with its summary');
  return last.summary;
}

/** A process: it may end and another may come, on the same objects and clock. */
export function startProcess(
  options: Partial<NotifierOptions>,
  {
    objects = createObjects(),
    clock = createTestClock(),
    environment = {},
  }: { objects?: SmallObjects; clock?: TestClock; environment?: Record<string, string> } = {},
) {
  const told: ArchiverEvent[] = [];
  const agents = createAgents(environment, systemClock);
  onTestFinished(() => agents.destroy());
  const notifier = createNotifier(
    {
      receivers: [],
      sources: ['ap-guangzhou'],
      destination: 's3://archive',
      stateKey: STATE_KEY,
      ...options,
    },
    { agents, clock, objects, tell: (event) => void told.push(event) },
  );
  return {
    notifier,
    clock,
    told,
    of: <Type extends ArchiverEvent['type']>(type: Type) =>
      told.filter((event): event is Extract<ArchiverEvent, { type: Type }> => event.type === type),
    /** Lets a run happen, and ends when the notifier is done with it. */
    run: (events: readonly ArchiverEvent[], signal = new AbortController().signal) =>
      notifier.after(async () => play(events, notifier.observer), signal),
  };
}
