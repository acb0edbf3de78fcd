/** Downloads that break, and what is made of the pieces. */

import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ArchiverError } from '../../src/domain/errors.ts';
import { Link } from '../../src/domain/link.ts';
import { systemClock } from '../../src/system-clock.ts';
import { createGotGet } from '../../src/transfer/got-get.ts';
import type { HttpGet } from '../../src/transfer/http-get.ts';
import { createLinkLease } from '../../src/transfer/link-lease.ts';
import { FileRestart, openDownload } from '../../src/transfer/resumable-download.ts';
import { createRetryBudget } from '../../src/transfer/retry-budget.ts';
import { socketGet } from '../../src/transfer/socket-get.ts';
import { aFile } from '../support/builders.ts';
import { createTestClock } from '../support/clock.ts';
import { answer, type DumpHost, hangUp, serve, startDumpHost, type Turn } from '../support/dump-host.ts';
import { linksAnywhere } from '../support/links-anywhere.ts';

const CONTENT = randomBytes(256 * 1024);
const EXPIRED = '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>';
const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent() };
let host: DumpHost | undefined;

afterEach(async () => {
  await host?.close();
  host = undefined;
});

interface Options {
  readonly attempts?: number;
  readonly stallTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** What the cloud's API fails with, each time a link is asked for anew, before it gives one. */
  readonly renewals?: readonly ArchiverError[];
}

/** Downloads all that the script serves, and tells what happened on the way. */
async function download(script: readonly Turn[], options: Options = {}) {
  host = await startDumpHost(script);
  const started = host;
  const clock = createTestClock();
  const signal = options.signal ?? new AbortController().signal;
  const events: string[] = [];
  const file = aFile(started.url);
  const refusals = [...(options.renewals ?? [])];
  const lease = createLinkLease({
    file,
    askedAt: clock.now(),
    async ask() {
      const refusal = refusals.shift();
      if (refusal) throw refusal;
      return [
        aFile('http://127.0.0.1:1/other', { name: 'other.rdb' }),
        { ...file, link: new Link(started.url, file.link.expiresAt) },
      ];
    },
    clock,
    onRenewal: () => events.push('renewed'),
  });
  const budget = createRetryBudget({ attempts: options.attempts ?? 5, subject: 'dump.rdb', clock, signal });
  const opened = await openDownload({
    subject: 'dump.rdb',
    lease,
    get,
    budget,
    clock,
    signal,
    stallTimeoutMs: options.stallTimeoutMs ?? 5000,
    minimumRate: 0,
    largestDump: 2 ** 40,
    onResume: (position) => events.push(`resumed at ${position}`),
  });
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of opened.body) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return {
    size,
    announced: opened.size,
    sha256: hash.digest('hex'),
    events,
    ranges: started.ranges,
    slept: clock.slept(),
  };
}

const WHOLE = { size: CONTENT.length, sha256: createHash('sha256').update(CONTENT).digest('hex') };

async function failure(script: readonly Turn[], options: Options = {}): Promise<unknown> {
  return download(script, options).then(
    () => expect.unreachable('the download should have failed'),
    (error: unknown) => error,
  );
}

const TRANSPORTS: Readonly<Record<string, HttpGet>> = {
  got: createGotGet(agents, linksAnywhere),
  async fast(request) {
    const answer = await socketGet(request, systemClock);
    if (!answer) throw new Error('the socket transport should take this');
    return answer;
  },
};
let get: HttpGet;

describe.each(Object.keys(TRANSPORTS))('a download over the %s transport', (transport) => {
  beforeEach(() => {
    get = TRANSPORTS[transport] ?? expect.unreachable();
  });

  it('arrives whole, and tells its size first', async () => {
    expect(await download([serve(CONTENT)])).toMatchObject({
      ...WHOLE,
      announced: CONTENT.length,
      events: [],
    });
  });

  it('gives the same bytes for any set of points at which the connection breaks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(CONTENT.length - 1), { maxLength: 8 }), async (cuts) => {
        const script = [
          ...cuts.toSorted((a, b) => a - b).map((cutAt) => serve(CONTENT, { cutAt })),
          serve(CONTENT),
        ];
        try {
          expect(await download(script, { attempts: 10 })).toMatchObject(WHOLE);
        } finally {
          await host?.close();
        }
      }),
      { numRuns: 25 },
    );
  });

  it('goes on at the byte where it broke, and asks for the same version of the file', async () => {
    const result = await download([serve(CONTENT, { cutAt: 100_000 }), serve(CONTENT)]);
    expect(result).toMatchObject(WHOLE);
    expect(result.ranges).toEqual([undefined, 'bytes=100000-']);
    expect(result.events).toEqual(['resumed at 100000']);
  });

  it('survives more breaks than it has attempts, as long as bytes keep coming', async () => {
    const cuts = Array.from({ length: 12 }, (_, index) => serve(CONTENT, { cutAt: (index + 1) * 20_000 }));
    expect(await download([...cuts, serve(CONTENT)], { attempts: 2 })).toMatchObject(WHOLE);
  });

  it('fails after its attempts without progress, and tells each cause with its count', async () => {
    const error = await failure([answer(503), answer(503), hangUp], { attempts: 3 });
    expect(error).toBeInstanceOf(ArchiverError);
    expect(error).toMatchObject({ code: 'download-failed' });
    expect((error as Error).message).toMatch(/3 attempts.*answered 503 \(2 times\)/);
  });

  it('waits as long as the host asks for', async () => {
    const result = await download([answer(503, '', { 'retry-after': '90' }), serve(CONTENT)]);
    expect(result).toMatchObject(WHOLE);
    expect(result.slept).toBeGreaterThanOrEqual(90_000);
  });

  it('that stalls is broken off and goes on', async () => {
    const result = await download([serve(CONTENT, { stallAt: 50_000 }), serve(CONTENT)], {
      stallTimeoutMs: 60,
    });
    expect(result).toMatchObject(WHOLE);
    expect(result.events).toEqual(['resumed at 50000']);
  });

  it('asks for a new link when the old one has expired in mid-file, and goes on at the same byte', async () => {
    const result = await download([serve(CONTENT, { cutAt: 70_000 }), answer(403, EXPIRED), serve(CONTENT)]);
    expect(result).toMatchObject(WHOLE);
    expect(result.events).toEqual(['renewed', 'resumed at 70000']);
    expect(result.ranges).toEqual([undefined, 'bytes=70000-', 'bytes=70000-']);
  });

  it('waits for an API that is down or throttles while it asks for a new link, and loses nothing that came', async () => {
    const renewals = [new ArchiverError('api-unavailable', 'down'), new ArchiverError('throttled', 'slow')];
    const dead = answer(403, EXPIRED);
    const script = [serve(CONTENT, { cutAt: 70_000 }), dead, dead, dead, serve(CONTENT)];
    expect(await download(script, { renewals })).toMatchObject(WHOLE);
    expect(host?.ranges.slice(1)).toEqual(Array.from({ length: 4 }, () => 'bytes=70000-'));
  });

  it('ends at once when the API says that there will be no new link', async () => {
    const gone = new ArchiverError('permission', 'not any more');
    const script = [serve(CONTENT, { cutAt: 70_000 }), answer(403, EXPIRED), serve(CONTENT)];
    expect(await failure(script, { renewals: [gone] })).toBe(gone);
    expect(host?.ranges).toHaveLength(2);
  });

  it('gives up a link that stays refused after a bounded number of new ones, in the host’s own words', async () => {
    const restricted = '<Error><Code>AccessDenied</Code><Message>Not allowed from here</Message></Error>';
    const error = await failure([answer(403, restricted)]);
    expect(error).toMatchObject({ code: 'link-refused' });
    expect((error as Error).message).toContain('Not allowed from here');
    expect((error as ArchiverError).hint).toContain('LimitType');
    expect(host?.ranges.length).toBeLessThanOrEqual(3);
    expect(await failure([answer(403, EXPIRED)])).toMatchObject({ code: 'link-refused' });
  });

  it('says that the backup is gone when a new link leads nowhere too', async () => {
    expect(await failure([answer(404)])).toMatchObject({ code: 'backup-gone' });
  });

  it.each([
    ['the host ignores Range', serve(CONTENT, { ignoreRange: true })],
    ['the file has changed', serve(CONTENT, { etag: '"v2"' })],
    ['the range is past its end', answer(416)],
    ['the validator no longer matches', answer(412)],
  ])('is thrown away and begun again when %s', async (_, second) => {
    const error = await failure([serve(CONTENT, { cutAt: 100_000 }), second]);
    expect(error).toBeInstanceOf(FileRestart);
  });

  it('is not continued where only a weak ETag says that it is the same file', async () => {
    expect(
      await failure([serve(CONTENT, { etag: 'W/"v1"', cutAt: 100_000 }), serve(CONTENT)]),
    ).toBeInstanceOf(FileRestart);
  });

  it('never lets a link’s query into an error', async () => {
    for (const script of [
      [answer(403, 'no xml')],
      [hangUp],
      [answer(500)],
      [serve(CONTENT, { cutAt: 10 })],
    ]) {
      const error = (await failure(script, { attempts: 2 })) as Error;
      expect(`${error.message} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('AbC/dEf');
      await host?.close();
    }
  });

  it('ends at once, with the reason, when it is interrupted', async () => {
    const controller = new AbortController();
    const reason = new ArchiverError('interrupted', 'stop');
    onTestFinished(() => controller.abort());
    const script: Turn[] = [
      (request, response) => {
        serve(CONTENT, { stallAt: 1000 })(request, response);
        setImmediate(() => controller.abort(reason));
      },
    ];
    expect(await failure(script, { signal: controller.signal })).toBe(reason);
  });
});
