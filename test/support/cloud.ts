/** The sandbox with fault switches and gates on the wire, for tests: no fault code ships in `src`. */
import type { Answer, Exchange, Interceptor, Reply } from '../../src/sandbox/exchange.ts';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';

/** Which requests a fault or a gate is for. */
export type Where = (exchange: Exchange) => boolean;

/** What happens to them: an interceptor of the sandbox. Throwing cuts the connection. */
export type Fault = Interceptor;

export interface FaultOptions {
  /** Strikes only so often, then lets pass; default: always. */
  readonly times?: number;
  /** Lets so many matching requests pass first; default: none. */
  readonly after?: number;
}

export interface ActiveFault {
  /** How often it has struck. */
  readonly strikes: number;
  remove(): void;
}

export interface Gate {
  /** Resolves when the first matching request has come as far as the gate. */
  readonly reached: Promise<Exchange>;
  /** Lets it, and all that come later, go on. */
  release(): void;
}

export interface Cloud extends Sandbox {
  /** Faults that match the same request wrap each other, the oldest outermost. */
  fault(where: Where, fault: Fault, options?: FaultOptions): ActiveFault;
  /** Holds matching requests before they are looked at by anyone else. */
  holdAt(where: Where): Gate;
  /** Holds matching downloads after the byte `position` of the file (counted from its start) was sent. */
  holdBodyAt(where: Where, position: number): Gate;
  /** Sets the cloud's clock so many milliseconds ahead of the one that it was made with (behind where negative). */
  skew(milliseconds: number): void;
  /** From now on it knows these alone. */
  exchangeKeys(next: Sandbox['credentials']): void;
  /** Downloads of one file, in the order they came. */
  downloads(file?: string): Sandbox['requests'];
}

export type CloudOptions = Omit<SandboxOptions, 'intercept'>;

const KEYS: { secretId: string; secretKey: string; token?: string } = {
  secretId: 'AKIDSANDBOX0000000000',
  secretKey: 'sandbox-key-that-opens-nothing',
};

export async function createCloud(options: CloudOptions): Promise<Cloud> {
  const rules: { where: Where; fault: Fault }[] = [];
  let skewMs = 0;
  const clock = { now: () => options.clock.now() + skewMs };

  const intercept: Interceptor = (exchange, answer) => {
    const matching = rules.filter(({ where }) => where(exchange));
    const chain = matching.reduceRight<Answer>(
      (next, { fault }) =>
        (asked) =>
          fault(asked, next),
      answer,
    );
    return chain(exchange);
  };
  const add = (where: Where, fault: Fault): (() => void) => {
    const rule = { where, fault };
    rules.push(rule);
    return () => {
      const index = rules.indexOf(rule);
      if (index >= 0) rules.splice(index, 1);
    };
  };
  const credentials: typeof KEYS = { ...(options.credentials ?? KEYS) };
  const sandbox = await createSandbox({ ...options, credentials, clock, intercept });

  return {
    ...sandbox,

    fault(where, fault, { times = Number.POSITIVE_INFINITY, after = 0 } = {}) {
      let seen = 0;
      let strikes = 0;
      const remove = add(where, (exchange, answer) => {
        seen += 1;
        if (seen <= after || strikes >= times) return answer(exchange);
        strikes += 1;
        return fault(exchange, answer);
      });
      return {
        get strikes() {
          return strikes;
        },
        remove,
      };
    },

    holdAt(where) {
      const gate = createGate();
      add(where, async (exchange, answer) => {
        await gate.pass(exchange);
        return answer(exchange);
      });
      return gate;
    },

    holdBodyAt(where, position) {
      const gate = createGate();
      add(where, async (exchange, answer) => {
        const reply = await answer(exchange);
        return { ...reply, body: pausing(reply, position, () => gate.pass(exchange)) };
      });
      return gate;
    },

    exchangeKeys(next) {
      delete credentials.token;
      Object.assign(credentials, next);
    },

    skew(milliseconds) {
      skewMs = milliseconds;
    },

    downloads: (file) =>
      sandbox.requests.filter((one) => one.kind === 'download' && (file === undefined || one.file === file)),
  };
}

/** An API call of either dialect, by its action's name; of one instance or backup where given. */
export function call(action: string, of: Pick<Exchange, 'instanceId' | 'backupId'> = {}): Where {
  return (exchange) =>
    exchange.kind.startsWith('tencent-') && exchange.action === action && concerns(exchange, of);
}

/** A download; of one instance, backup or file where given. */
export function download(of: Pick<Exchange, 'instanceId' | 'backupId' | 'file'> = {}): Where {
  return (exchange) => exchange.kind === 'download' && concerns(exchange, of);
}

/** The byte of the file that a reply's body starts at. */
export function startOf(reply: Reply): number {
  const [, start] = /^bytes (\d+)-/.exec(reply.headers['content-range'] ?? '') ?? [];
  return Number(start ?? 0);
}

function concerns(exchange: Exchange, of: Partial<Exchange>): boolean {
  return Object.entries(of).every(([name, value]) => exchange[name as keyof Exchange] === value);
}

function createGate(): Gate & { pass(exchange: Exchange): Promise<void> } {
  const reached = Promise.withResolvers<Exchange>();
  const released = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    release: () => released.resolve(),
    pass(exchange) {
      reached.resolve(exchange);
      return released.promise;
    },
  };
}

/** The body, with a pause once the file's byte `position` has been handed to the socket. */
async function* pausing(
  reply: Reply,
  position: number,
  pause: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let at = startOf(reply);
  let paused = at > position;
  for await (const chunk of reply.body) {
    const before = paused ? chunk.length : Math.min(chunk.length, position - at);
    if (before > 0) yield chunk.subarray(0, before);
    at += before;
    if (before === chunk.length) continue;
    paused = true;
    await pause();
    yield chunk.subarray(before);
    at += chunk.length - before;
  }
}
