/**
 * What each receiver was told, kept as one small object in the destination: it outlives the pods of a CronJob. Where the destination
 * cannot be reached a long-running worker goes on from its own memory, and a one-shot run rather tells twice than not at all.
 */
import { readAtMost } from '../../domain/bounded.ts';
import type { Clock } from '../../domain/clock.ts';
import { type Instant, isInstant } from '../../domain/instant.ts';
import { NOTHING_TOLD, type Told } from './decide.ts';

const SCHEMA = 'rdb-archiver/notify-state@1';

/** A destination that is the trouble itself must not use up the time in which people could be told of it. */
const LOAD_TIMEOUT_MS = 5000;

/** More is no memory of ours. */
const MAX_BYTES = 4 * 1024 * 1024;

/** As much of the object storage as this needs. */
export interface SmallObjects {
  read(
    key: string,
    options: { readonly signal: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  put(
    key: string,
    body: Uint8Array,
    options: { readonly signal: AbortSignal; readonly contentType: string; readonly ifAbsent: boolean },
  ): Promise<unknown>;
}

export type ToldByReceiver = Readonly<Record<string, Told>>;

export interface Memory {
  /** Never rejects: what cannot be read or understood is nothing. */
  load(signal: AbortSignal): Promise<ToldByReceiver>;
  /** Rejects when it cannot be kept in the destination; then only this process remembers. */
  save(told: ToldByReceiver, signal: AbortSignal): Promise<void>;
}

export function createMemory(objects: SmallObjects, key: string, clock: Pick<Clock, 'alarm'>): Memory {
  let last: ToldByReceiver = {};
  /** The last one did not get there, so what lies there is older. */
  let ahead = false;

  return {
    async load(signal) {
      if (ahead) return last;
      const late = new AbortController();
      const alarm = clock.alarm(LOAD_TIMEOUT_MS, () => late.abort());
      alarm.restart();
      try {
        last = decode(await readAll(objects, key, AbortSignal.any([signal, late.signal])));
      } catch {
        // The destination's trouble is told by the run itself.
      } finally {
        alarm.stop();
      }
      return last;
    },

    async save(told, signal) {
      last = told;
      ahead = true;
      const text = `${JSON.stringify({ schema: SCHEMA, receivers: told })}\n`;
      await objects.put(key, Buffer.from(text), { signal, contentType: 'application/json', ifAbsent: false });
      ahead = false;
    },
  };
}

async function readAll(objects: SmallObjects, key: string, signal: AbortSignal): Promise<string> {
  const body = await objects.read(key, { signal });
  return (body && (await readAtMost(MAX_BYTES, body)))?.toString('utf8') ?? '';
}

function decode(text: string): ToldByReceiver {
  const { schema, receivers } = fieldsOf(parsed(text));
  if (schema !== SCHEMA) return {};
  return Object.fromEntries(
    Object.entries(fieldsOf(receivers)).map(([name, told]) => [name, decodeTold(fieldsOf(told))]),
  );
}

function decodeTold({ at, warned, open }: Readonly<Record<string, unknown>>): Told {
  const told = {
    ...NOTHING_TOLD,
    at: decodeTimes(at),
    ...(warned !== undefined && { warned: decodeTimes(warned) }),
  };
  const { since, sources } = fieldsOf(open);
  if (!isInstant(since) || !Array.isArray(sources)) return told;
  const names = sources.filter((source) => typeof source === 'string');
  return { ...told, open: { since, sources: names } };
}

function decodeTimes(times: unknown): Record<string, Instant> {
  return Object.fromEntries(
    Object.entries(fieldsOf(times)).filter((entry): entry is [string, string] => isInstant(entry[1])),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
