/** One request to a receiver over got, tried again while it may help. Whatever goes wrong is told without the address. */
import type http from 'node:http';
import type https from 'node:https';
import got, { RequestError } from 'got';
import { connectionWords } from '../../domain/addresses-tried.ts';
import type { Clock } from '../../domain/clock.ts';
import { ArchiverError } from '../../domain/errors.ts';

export interface Message {
  /** The whole address; a secret. */
  readonly address: string;
  readonly method: 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the receiver made of it. */
export interface Verdict {
  readonly ok: boolean;
  /** Another try may help. */
  readonly again?: boolean;
  /** What the receiver said, where it is not ok. */
  readonly said?: string;
}

export interface Delivery {
  /** Written anew for each try: a signature holds the time. */
  readonly message: () => Message;
  readonly judge: (status: number, body: string) => Verdict;
  /** Texts that must not come back in an error, besides the address. */
  readonly secrets: readonly string[];
  readonly tries: number;
}

export type Exchange = (delivery: Delivery, signal: AbortSignal) => Promise<void>;

const TIMEOUT_MS = 10_000;
const FIRST_BACKOFF_MS = 1000;
/** An answer is a word or a small document. */
const MAX_ANSWER_BYTES = 64 * 1024;
const LONGEST_SAID = 200;

/** Rejects with an `ArchiverError` of code `notify-failed`; the signal, too, only ends in that. */
export function createExchange(
  agents: { readonly http: http.Agent; readonly https: https.Agent },
  clock: Pick<Clock, 'sleep'>,
): Exchange {
  return async (delivery, signal) => {
    for (let tried = 1; ; tried += 1) {
      const message = delivery.message();
      const verdict = await send(message, delivery, signal);
      if (verdict.ok) return;
      if (verdict.again === true && tried < delivery.tries && !signal.aborted) {
        const rested = clock.sleep(FIRST_BACKOFF_MS * 2 ** (tried - 1), signal);
        if (await rested.then(yes, no)) continue;
      }
      const said = sayable(verdict.said ?? '', [message.address, ...delivery.secrets]);
      throw new ArchiverError('notify-failed', `${originOf(message.address)} took no message: ${said}`);
    }
  };

  async function send(message: Message, { judge }: Delivery, signal: AbortSignal): Promise<Verdict> {
    if (signal.aborted) return { ok: false, said: 'there was no time left to send it' };
    try {
      const { status, body } = await request(message, signal);
      if (status === 429 || status >= 500) return { ok: false, again: true, said: `HTTP ${status}` };
      if (status < 200 || status > 299) return { ok: false, said: `HTTP ${status} ${body.trim()}` };
      return judge(status, body);
    } catch (error) {
      if (signal.aborted) return { ok: false, said: 'it did not answer in the time that was left' };
      // Got's errors hold the whole request, so only their words go on.
      if (error instanceof RequestError) return { ok: false, again: true, said: connectionWords(error) };
      throw error;
    }
  }

  async function request({ address, method, headers, body }: Message, signal: AbortSignal) {
    const stream = got.stream(address, {
      agent: agents,
      method,
      headers: { 'user-agent': 'rdb-archiver', ...headers },
      body,
      // A redirect would carry the message, and a token, to a host that nobody configured.
      followRedirect: false,
      throwHttpErrors: false,
      retry: { limit: 0 },
      timeout: { request: TIMEOUT_MS },
      signal,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) break;
      }
    } finally {
      // Else got (16.1) may go on to hear the signal, and end the process by an error that nobody is there to catch.
      stream.destroy();
    }
    return { status: stream.response?.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
  }
}

/** Scheme and host: all of an address that may be shown, since the rest is the key to the channel. */
export function originOf(address: string): string {
  return new URL(address).origin;
}

/** Receivers quote the request back at us: takes the secrets out, whole and in pieces. */
function sayable(text: string, secrets: readonly string[]): string {
  const pieces = secrets
    .flatMap((secret) => [secret, ...piecesOf(secret)])
    .filter(({ length }) => length > 3);
  const longestFirst = pieces.toSorted((a, b) => b.length - a.length);
  const safe = longestFirst.reduce((kept, piece) => kept.replaceAll(piece, '[redacted]'), text);
  return safe.replaceAll(/\s+/g, ' ').slice(0, LONGEST_SAID);
}

function piecesOf(secret: string): string[] {
  if (!URL.canParse(secret)) return [encodeURIComponent(secret)];
  const { pathname, search, searchParams, username, password } = new URL(secret);
  return [
    pathname,
    search,
    ...pathname.split('/').filter(isLong),
    ...searchParams.values(),
    username,
    password,
  ];
}

/** Short parts of a path (`services`, `hook`) are no secret, and words of any message. */
function isLong(part: string): boolean {
  return part.length >= 8;
}

const yes = (): boolean => true;
const no = (): boolean => false;
