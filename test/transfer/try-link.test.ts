/** A link is tried with its first bytes alone: what it leads to, and whether a broken download could go on. */
import http from 'node:http';
import https from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { Link } from '../../src/domain/link.ts';
import { systemClock } from '../../src/system-clock.ts';
import { createGotGet } from '../../src/transfer/got-get.ts';
import { tryLink } from '../../src/transfer/try-link.ts';
import { answer, type DumpHost, hangUp, serve, startDumpHost, type Turn } from '../support/dump-host.ts';
import { linksAnywhere } from '../support/links-anywhere.ts';
import { rdbFile } from '../support/rdb.ts';

const DUMP = Buffer.concat([await rdbFile(), Buffer.alloc(100_000)]);
const agents = { http: new http.Agent(), https: new https.Agent() };
const get = createGotGet(agents, linksAnywhere);
let host: DumpHost | undefined;

afterEach(async () => {
  await host?.close();
  host = undefined;
});

async function trial(
  script: readonly Turn[],
  { stallTimeoutMs = 5000, signal = new AbortController().signal } = {},
) {
  host = await startDumpHost(script);
  const ports = { get, clock: systemClock, stallTimeoutMs };
  return tryLink(new Link(host.url, Number.POSITIVE_INFINITY), ports, signal);
}

/** A whole answer without an ETag. */
const nameless: Turn = (_request, response) => {
  response.writeHead(200, { 'content-length': DUMP.length });
  response.end(DUMP);
};

describe('a link that is tried', () => {
  it('leads to a dump of a size that the host tells, and could be resumed: two requests', async () => {
    expect(await trial([serve(DUMP)])).toEqual({ size: DUMP.length, looksLike: 'rdb' });
    expect(host?.ranges).toEqual([undefined, 'bytes=1-']);
  });

  it.each(['REDIS0013', 'REDIS9999', 'VALKEY080', 'VALKEY999'])(
    'leads to a dump where it begins with %s',
    async (magic) => {
      const dump = Buffer.from(DUMP);
      dump.write(magic);
      expect(await trial([serve(dump)])).toMatchObject({ looksLike: 'rdb' });
    },
  );

  it('may lead to a web page, or to something else', async () => {
    expect(await trial([serve(Buffer.from('<!doctype html><p>Sign in</p>'))])).toMatchObject({
      looksLike: 'web-page',
    });
    await host?.close();
    const other = await trial([serve(Buffer.from(`sealed REDIS ${'x'.repeat(100)}`))]);
    expect(other).toMatchObject({ looksLike: 'something else' });
  });

  it('cannot be resumed where no ETag says that later bytes belong to earlier ones; nobody asks for a part', async () => {
    expect(await trial([nameless])).toMatchObject({
      looksLike: 'rdb',
      obstacle: expect.stringContaining('no ETag'),
    });
    expect(host?.ranges).toEqual([undefined]);
  });

  it('cannot be resumed where the host ignores Range, or has another file already', async () => {
    expect((await trial([serve(DUMP, { ignoreRange: true })])).obstacle).toBe('the host ignores Range');
    await host?.close();
    expect((await trial([serve(DUMP), serve(DUMP, { etag: '"v2"' })])).obstacle).toContain('another ETag');
  });

  it.each([
    [403, 'link-refused'],
    [401, 'link-refused'],
    [404, 'download-failed'],
    [503, 'download-failed'],
  ])('that is answered with %i ends in %s, without its query', async (status, code) => {
    await expect(trial([answer(status)])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`^http://127.0.0.1:\\d+/download/dump.rdb: .*${status}`)),
    });
  });

  it('that leads nowhere says that intranet links do so from outside', async () => {
    await expect(trial([hangUp])).rejects.toMatchObject({
      code: 'download-failed',
      hint: expect.stringContaining('Intranet'),
      message: expect.not.stringContaining('AbC'),
    });
  });

  it('that gives no byte, or breaks before its first ones, ends in words', async () => {
    await expect(trial([serve(DUMP, { stallAt: 0 })], { stallTimeoutMs: 60 })).rejects.toMatchObject({
      code: 'download-failed',
      message: expect.stringContaining('the first bytes did not come'),
    });
    await host?.close();
    await expect(trial([serve(DUMP, { cutAt: 3 })])).rejects.toMatchObject({
      code: 'download-failed',
      message: expect.stringContaining('the first bytes did not come'),
    });
  });

  it('is given up at once, with the reason, when somebody says stop', async () => {
    const stop = new AbortController();
    const reason = new Error('stop');
    const stalled: Turn = (request, response) => {
      serve(DUMP, { stallAt: 3 })(request, response);
      setImmediate(() => stop.abort(reason));
    };
    await expect(trial([stalled], { signal: stop.signal })).rejects.toBe(reason);
    await host?.close();
    const silent: Turn = () => stop.abort(reason);
    await expect(trial([silent], { signal: stop.signal })).rejects.toBe(reason);
  });
});
