/** Calls the cloud's API: signs every try anew, waits out what passes, mends clock and credentials once, and never prints a secret. */
import type http from 'node:http';
import type https from 'node:https';
import got, { RequestError } from 'got';
import { connectionWords } from '../domain/addresses-tried.ts';
import { readAtMost } from '../domain/bounded.ts';
import type { Clock } from '../domain/clock.ts';
import type { ArchiverError } from '../domain/errors.ts';
import { MEANINGS, Refusal, refusalError } from './api-errors.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import { type Fields, fieldsOf } from './json-fields.ts';
import type { Answer, Protocol, SignedRequest } from './protocol.ts';
import { createRateLimit } from './rate-limit.ts';

/** What came of one request on the wire. */
export interface CallReport {
  readonly action: string;
  readonly result: 'ok' | 'throttled' | 'error';
}

interface ClientOptions {
  readonly protocol: Protocol;
  readonly credentials: CredentialSource;
  readonly agents: {
    readonly http: http.Agent;
    readonly https: https.Agent;
    /** Which proxy an address is reached through, for messages. */
    readonly proxyFor?: (address: string) => string | undefined;
  };
  readonly clock: Clock;
  /** Workers that share the account's quota; 1 where absent. */
  readonly workers?: number;
  readonly onCall?: (call: CallReport) => void;
}

export interface ApiClient {
  /**
   * The data of a good answer. Rejects with an `ArchiverError` (its `verdictOf` tells why) or the signal's reason.
   * `subject`: on whose behalf, for messages.
   */
  call(
    action: string,
    parameters: Fields,
    subject: string,
    signal: AbortSignal,
    /** For what must not be done twice: not asked again where the first request may have been heard. */
    options?: { readonly once: boolean },
  ): Promise<Fields>;
  /** The server's clock minus ours in milliseconds, as its last answer showed it; undefined before the first. */
  skewMs(): number | undefined;
}

/** Tries of one call while the API is down or throttles us: about half a minute in all. */
const MAX_TRIES = 7;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 10_000;

/** A thousand instances, the most that are asked for at once, are about 3 MB of JSON. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

const PRIVATE_CA = ' (a private CA goes into NODE_EXTRA_CA_CERTS)';

interface Reply {
  readonly answer: Answer;
  /** The server's clock in milliseconds since the epoch, from its `Date` header. */
  readonly serverTime?: number;
}

export function createApiClient(options: ClientOptions): ApiClient {
  const { protocol, clock, credentials: source } = options;
  const takeTurn = createRateLimit(protocol.quotas, clock, options.workers);
  const http = got.extend({
    agent: options.agents,
    headers: { 'user-agent': 'rdb-archiver' },
    // Retries are ours: each must be signed anew. A redirect would carry the signature to a host it was not made for.
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    timeout: { connect: 10_000, secureConnect: 10_000, response: 30_000, request: 60_000 },
  });
  /** Server's clock minus ours. */
  let skew = 0;
  let shown: number | undefined;

  return {
    skewMs: () => shown,

    async call(action, parameters, subject, signal, { once } = { once: false }) {
      const unused = new Set(['clock', 'credentials']);

      for (let tries = 1; ; ) {
        await takeTurn(action, signal);
        const credentials = await source.current(signal);
        const timestamp = Math.floor((clock.now() + skew) / 1000);
        const request = protocol.sign({ action, parameters, credentials, timestamp });
        const { answer, serverTime } = await exchange(request, signal);
        if (serverTime !== undefined) shown = serverTime - clock.now();
        report(action, answer);
        if (answer.ok) return answer.data;

        const { remedy } = MEANINGS[answer.verdict];
        if (answer.verdict === 'replayed' && serverTime !== undefined) skew = serverTime - clock.now();

        if (remedy === 'clock' && serverTime !== undefined && unused.delete('clock')) {
          skew = serverTime - clock.now();
        } else if (
          remedy === 'credentials' &&
          unused.delete('credentials') &&
          (await source.refresh(signal)) !== credentials
        ) {
        } else if (remedy === 'wait' && tries < MAX_TRIES && !(once && answer.verdict === 'unavailable')) {
          await clock.sleep(backoff(tries), signal);
          tries += 1;
        } else {
          throw failure(`${action} ${subject}`, answer, credentials);
        }
      }
    },
  };

  async function exchange(request: SignedRequest, signal: AbortSignal): Promise<Reply> {
    try {
      const { status, date, body } = await post(request, signal);
      const serverTime = Date.parse(date);
      if (body === undefined) return { answer: endless(status) };
      const answer =
        protocol.read(parsed(body)) ?? unreadable(status, body, options.agents.proxyFor?.(request.url));
      return { answer, ...(!Number.isNaN(serverTime) && { serverTime }) };
    } catch (error) {
      signal.throwIfAborted();
      // Got's errors hold the whole request with its credentials, so only their words go on.
      if (!(error instanceof RequestError)) throw error;
      return {
        answer: {
          ok: false,
          verdict: refusedByProxy(error) ? 'proxy' : 'unavailable',
          message: `no answer from ${hostOf(request)}: ${connectionWords(error)}${/certificate/i.test(error.message) ? PRIVATE_CA : ''}`,
        },
      };
    }
  }

  async function post(request: SignedRequest, signal: AbortSignal) {
    const stream = http.stream.post(request.url, {
      headers: { ...request.headers },
      body: request.body,
      signal,
    });
    let bytes: Buffer | undefined;
    try {
      bytes = await readAtMost(MAX_ANSWER_BYTES, stream as AsyncIterable<Buffer>);
    } finally {
      // Got (16.1) goes on to hear the signal when the answer overtakes the end of the sending; a SIGTERM hours later then ended the
      // process by an error that nobody was there to catch.
      stream.destroy();
    }
    const body = bytes?.toString('utf8');
    return { status: stream.response?.statusCode ?? 0, date: stream.response?.headers.date ?? '', body };
  }

  /** Exponential, half of it by chance, so that many workers do not come back at once. */
  function backoff(tries: number): number {
    const full = Math.min(FIRST_BACKOFF_MS * 2 ** (tries - 1), MAX_BACKOFF_MS);
    return full / 2 + (full / 2) * clock.random();
  }

  function report(action: string, answer: Answer): void {
    const failed = !answer.ok && answer.verdict === 'throttled' ? 'throttled' : 'error';
    options.onCall?.({ action, result: answer.ok ? 'ok' : failed });
  }
}

function failure(
  attempted: string,
  answer: { verdict: Refusal['verdict']; message: string },
  used: Credentials,
): ArchiverError {
  return refusalError(attempted, new Refusal(answer.verdict, sayable(answer.message, used)));
}

/** Servers quote the request back at us: takes out our secrets, signatures and the query of every link. */
function sayable(message: string, { secretKey, token }: Credentials): string {
  let text = message;
  for (const secret of [secretKey, token]) text = text.replaceAll(secret?.reveal() || '\0', '[redacted]');
  return (
    text
      .replaceAll(/\?[^\s"'<>]+/g, '?…')
      .replaceAll(/\bsignature["']?\s*[=:]\s*[^\s&,;)]+/gi, 'Signature=[redacted]')
      // Nobody knows which letters such a key may have, so nothing behind its name is said.
      .replaceAll(/\bDecryptKey\b.*/gis, 'DecryptKey=[redacted]')
      .replaceAll(/\b[0-9a-f]{64}\b/gi, '[redacted]')
  );
}

function parsed(body: string): Fields {
  try {
    return fieldsOf(JSON.parse(body));
  } catch {
    return {};
  }
}

/** Asked to tunnel, the proxy wants a user name and password, or others than it was given. */
function refusedByProxy({ code, message }: RequestError): boolean {
  return code === 'ERR_PROXY_TUNNEL' && message.includes('407');
}

function unreadable(status: number, body: string, proxy: string | undefined): Answer {
  // Without TLS the proxy answers in the API's place.
  if (status === 407)
    return { ok: false, verdict: 'proxy', message: `the proxy ${proxy ?? ''} refuses (HTTP 407)` };
  const what = body === '' ? 'an empty body' : 'something that is no answer of this API';
  return { ok: false, verdict: 'unavailable', message: `HTTP ${status} with ${what}; check the endpoint` };
}

function endless(status: number): Answer {
  const message = `HTTP ${status} with an answer that did not end after ${MAX_ANSWER_BYTES / 1024 / 1024} MiB`;
  return { ok: false, verdict: 'endless', message };
}

function hostOf(request: SignedRequest): string {
  return new URL(request.url).host;
}
