/** One call of the API on a real socket: what is waited out, what is mended once, and what never gets into an error. */
import { getEventListeners } from 'node:events';
import { Agent, createServer, type Server } from 'node:http';
import { globalAgent } from 'node:https';
import { type AddressInfo, connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ArchiverError } from '../../src/domain/errors.ts';
import { createApiClient } from '../../src/source/api-client.ts';
import { verdictOf } from '../../src/source/api-errors.ts';
import { v3Protocol } from '../../src/source/protocol-v3.ts';
import { type Answer, type Asked, serve } from '../support/loopback.ts';
import { fixedKeys, jumpingClock, keysOf, never, optionsFor, rejection } from './setup.ts';

const KEYS = { secretId: 'AKIDTEST', secretKey: 'the-secret-key', token: 'the-token' };
const FINE = { body: '{"Response":{"TotalCount":"3","RequestId":"r"}}' };

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function callTo(url: string): Promise<unknown> {
  const options = optionsFor(url, fixedKeys(keysOf(KEYS)), jumpingClock());
  const client = createApiClient({ ...options, protocol: v3Protocol(url, 'ap-guangzhou') });
  return client.call('DescribeInstances', {}, 'of the region', never);
}

function refusedWith(code: string, message = 'no'): Answer {
  return { body: JSON.stringify({ Response: { Error: { Code: code, Message: message }, RequestId: 'r' } }) };
}

type Answers = (Answer | ((asked: Asked) => Answer))[];

/** A client whose server gives the answers in turn, the last one for ever. */
function clientOf(...answers: Answers) {
  return clientWith([KEYS, { ...KEYS, token: 'a-newer-token' }], answers);
}

/** Whose keys are these, until they are refused and the next ones are there. */
async function clientWith(inTurn: [typeof KEYS, ...(typeof KEYS)[]], answers: Answers) {
  let turn = 0;
  const server = await serve((asked) => {
    const answer = answers[Math.min(turn++, answers.length - 1)] ?? 'reset';
    return typeof answer === 'function' ? answer(asked) : answer;
  });
  const clock = jumpingClock(Date.now());
  const [first, ...next] = inTurn;
  const keys = fixedKeys(keysOf(first), ...next.map(keysOf));
  const options = optionsFor(server.url, keys, clock);
  const client = createApiClient({ ...options, protocol: v3Protocol(server.url, 'ap-guangzhou') });
  const call = (signal = never) => client.call('DescribeInstances', { Limit: 1 }, 'of the region', signal);
  return { call, server, clock, keys, calls: options.calls };
}

describe('a call', () => {
  test('sends what the API asks for, the token too', async () => {
    const { call, server } = await clientOf(FINE);
    expect(await call()).toMatchObject({ TotalCount: '3' });
    expect(server.asked[0]).toMatchObject({
      method: 'POST',
      path: '/',
      body: '{"Limit":1}',
      headers: {
        host: `127.0.0.1:${server.port}`,
        'content-type': 'application/json; charset=utf-8',
        'x-tc-action': 'DescribeInstances',
        'x-tc-version': '2018-04-12',
        'x-tc-region': 'ap-guangzhou',
        'x-tc-token': 'the-token',
        'user-agent': 'rdb-archiver',
      },
    });
  });

  test.each<[string, Answer]>([
    ['throttled', refusedWith('RequestLimitExceeded')],
    ['an internal error', refusedWith('InternalError.DbOperationFailed')],
    ["a gateway's page", { status: 502, body: '<html>Bad gateway</html>' }],
    ['a page with status 200', { body: '<html>' }],
    ['an empty body', { body: '' }],
    ['JSON of something else', { body: '[1]' }],
    ['a cut connection', 'reset'],
  ])('that meets %s is fine after waiting', async (_what, trouble) => {
    const { call, server, clock } = await clientOf(trouble, trouble, FINE);
    await expect(call()).resolves.toMatchObject({ TotalCount: '3' });
    expect(server.asked).toHaveLength(3);
    const backoffs = clock.sleeps.filter((ms) => ms > 100);
    expect(backoffs).toEqual([375, 750]);
  });

  test('signs each try anew', async () => {
    const { call, server } = await clientOf('reset', refusedWith('RequestLimitExceeded'), FINE);
    await call();
    const stamps = server.asked.map(({ headers }) => headers['x-tc-timestamp']);
    const signatures = new Set(server.asked.map(({ headers }) => headers.authorization));
    expect(new Set(stamps).size).toBeGreaterThan(1);
    expect(signatures.size).toBe(new Set(stamps).size);
  });

  test.each<[string, Answer]>([
    ['api-unavailable', { status: 502, body: '<html>Bad gateway</html>' }],
    ['api-unavailable', 'reset'],
    ['throttled', refusedWith('RequestLimitExceeded')],
  ])('that never gets through ends, with %s', async (code, trouble) => {
    const { call, server, calls } = await clientOf(trouble);
    expect(await rejection(call())).toMatchObject({ code });
    expect(server.asked).toHaveLength(7);
    expect(new Set(calls.map(({ result }) => result))).toEqual(
      new Set([code === 'throttled' ? 'throttled' : 'error']),
    );
  });

  test('that a proxy refuses (407) is not tried again: waiting gives it no better password', async () => {
    const { call, server } = await clientOf({ status: 407, body: 'no entry' });
    expect(await rejection(call())).toMatchObject({
      code: 'api-unavailable',
      message: expect.stringMatching(/the proxy .*refuses \(HTTP 407\)/),
      hint: expect.stringContaining('HTTPS_PROXY or HTTP_PROXY'),
    });
    expect(server.asked).toHaveLength(1);
  });

  test.each([
    ['UnauthorizedOperation.NoCAMAuthed', 'permission'],
    ['AuthFailure.SignatureFailure', 'credentials'],
    ['UnsupportedRegion', 'api-rejected'],
    ['ResourceNotFound.InstanceNotExists', 'backup-gone'],
  ])('refused with %s is not tried again', async (answer, code) => {
    const { call, server } = await clientWith([KEYS], [refusedWith(answer)]);
    const error = await rejection(call());
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(answer);
    expect(server.asked).toHaveLength(1);
  });

  test('reads the error in an answer that is not status 200', async () => {
    const refusal = { body: '{"Response":{"Error":{"Code":"AuthFailure","Message":""}}}', status: 403 };
    const { call } = await clientOf(refusal);
    expect(await rejection(call())).toMatchObject({ code: 'credentials' });
  });

  test('does not follow a redirect, which would carry the signature elsewhere', async () => {
    const elsewhere = await serve(() => FINE);
    const server = createServer((_, response) => response.writeHead(307, { location: elsewhere.url }).end());
    expect(await rejection(callTo(await listening(server)))).toMatchObject({ code: 'api-unavailable' });
    expect(elsewhere.asked).toEqual([]);
  });

  test('ends at once when told to stop', async () => {
    const stop = new AbortController();
    const { call } = await clientOf(() => {
      stop.abort(new ArchiverError('interrupted', 'stop'));
      return 'silence';
    });
    expect(await rejection(call(stop.signal))).toMatchObject({ code: 'interrupted' });
  });

  test('that has been answered no longer hears a signal, even when the answer overtakes the end of the sending', async () => {
    const { url } = await serve(() => FINE);
    const agent = new Agent();
    agent.createConnection = (target: TcpNetConnectOpts) => lateToNotice(connect(target));
    onTestFinished(() => agent.destroy());
    const agents = { http: agent, https: globalAgent };
    const options = { ...optionsFor(url, fixedKeys(keysOf(KEYS)), jumpingClock()), agents };
    const client = createApiClient({ ...options, protocol: v3Protocol(url, 'ap-guangzhou') });
    const stop = new AbortController();
    await client.call('DescribeInstances', {}, 'of the region', stop.signal);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  test('does not take in an answer without end, nor ask for it again', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    let sent = 0;
    const server = createServer((_, response) => {
      const body = Readable.from(endless(megabyte, () => (sent += 1)));
      response.once('close', () => body.destroy());
      body.pipe(response);
    });
    expect(await rejection(callTo(await listening(server)))).toMatchObject({ code: 'api-unavailable' });
    expect(sent).toBeGreaterThanOrEqual(16);
    expect(sent).toBeLessThan(3 * 16);
  });
});

/** A socket that sends at once and tells so only much later, as a busy process does. */
function lateToNotice(socket: Socket): Socket {
  const write = socket._write.bind(socket);
  socket._write = (chunk, encoding, done) =>
    write(chunk, encoding, (error) => void setTimeout(done, 50, error));
  Object.defineProperty(socket, '_writev', { value: undefined });
  return socket;
}

function* endless(chunk: Buffer, given: () => void): Generator<Buffer> {
  for (;;) {
    given();
    yield chunk;
  }
}

describe('a clock that is off', () => {
  /** Refuses what is more than five minutes off, as the cloud does. */
  function timely({ headers }: Asked): Answer {
    const off = Math.abs(Date.now() / 1000 - Number(headers['x-tc-timestamp']));
    return off > 300 ? refusedWith('AuthFailure.SignatureExpire') : FINE;
  }

  test.each([-3600, 3600])("by %i s is set by the server's, once for all calls", async (seconds) => {
    const { call, server, clock } = await clientOf(timely);
    clock.time += seconds * 1000;
    await call();
    await call();
    expect(server.asked).toHaveLength(3);
  });

  test('is not mended for ever', async () => {
    const { call, server } = await clientOf(refusedWith('AuthFailure.SignatureExpire'));
    const error = await rejection(call());
    expect(error).toMatchObject({ code: 'credentials' });
    expect((error as ArchiverError).hint).toContain('clock');
    expect(server.asked).toHaveLength(2);
  });
});

describe('a session token that the cloud refuses', () => {
  test('is replaced once', async () => {
    const { call, server, keys } = await clientOf(({ headers }) =>
      headers['x-tc-token'] === 'a-newer-token' ? FINE : refusedWith('AuthFailure.TokenFailure'),
    );
    await call();
    expect(keys.refreshes).toBe(1);
    expect(server.asked).toHaveLength(2);
  });

  test('is not replaced for ever', async () => {
    const { call, keys } = await clientOf(refusedWith('AuthFailure.TokenFailure'));
    expect(await rejection(call())).toMatchObject({ code: 'credentials' });
    expect(keys.refreshes).toBe(1);
  });
});

describe('keys that the cloud refuses', () => {
  test.each(['AuthFailure.SecretIdNotFound', 'AuthFailure.SignatureFailure', 'AuthFailure.InvalidSecretId'])(
    'by %s are exchanged once for those that lie there by now',
    async (code) => {
      const { call, server, keys } = await clientOf(({ headers }) =>
        headers['x-tc-token'] === 'a-newer-token' ? FINE : refusedWith(code),
      );
      await call();
      expect(keys.refreshes).toBe(1);
      expect(server.asked).toHaveLength(2);
    },
  );

  test('are not sent a second time where there are no others', async () => {
    const { call, server, keys } = await clientOf(refusedWith('AuthFailure.SecretIdNotFound'));
    await rejection(call());
    await rejection(call());
    expect(keys.refreshes).toBe(2);
    expect(server.asked).toHaveLength(3);
  });
});

describe('an error', () => {
  test('holds no secret, whatever the server quotes back at us', async () => {
    const { call } = await clientWith(
      [KEYS],
      [
        ({ headers }) =>
          refusedWith(
            'AuthFailure.SignatureFailure',
            `key the-secret-key token the-token got ${headers.authorization}, not ${'0a'.repeat(32)}, for https://cos/x.rdb?sign=q-sign-secret`,
          ),
      ],
    );
    const error = await rejection(call());
    const printed = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error);
    expect(printed).toContain('SignatureFailure');
    expect(printed).not.toMatch(/the-secret-key|the-token|[0-9a-f]{64}|q-sign-secret/);
  });

  test('that quotes an answer with the key of a backup holds nothing of it, whatever letters it has', async () => {
    for (const key of ['a,b;c}d&e', "it's", 'two words', '"quoted\\"'])
      for (const quoted of [`{"DecryptKey": ${JSON.stringify(key)}}`, `DecryptKey=${key}, KmsKeyId=none`]) {
        const { call } = await clientOf(() =>
          refusedWith('FailedOperation.SystemError', `cannot: ${quoted}`),
        );
        const printed = inspect(await rejection(call()), { depth: 20, showHidden: true });
        expect(printed).toContain('cannot');
        for (const word of key.split(/[^a-z]+/).filter((letters) => letters.length > 3))
          expect(printed).not.toContain(word);
        expect(printed).not.toContain(key);
      }
  });

  test('of the network holds no request', async () => {
    const { call } = await clientOf('reset');
    const error = await rejection(call());
    const printed = inspect(error, { depth: 20, showHidden: true });
    expect(verdictOf(error)).toBe('unavailable');
    expect(printed).not.toMatch(/the-token|TC3-HMAC/);
  });
});
