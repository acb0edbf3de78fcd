/** A company's network: everything goes through a proxy, and TLS is signed by an authority that only the company knows. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { call, type Fault } from '../support/cloud.ts';
import { describeWith } from '../support/needs.ts';
import { createPrivateCa, type PrivateCa } from '../support/private-ca.ts';
import { type ProxyOptions, startProxy } from '../support/proxy.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { tlsInFrontOf } from '../support/tls-front.ts';
import { linesOf, openWorkplace, summaryOf, type Workplace } from '../support/workplace.ts';

/** Names that no resolver knows: only the proxy can lead there. */
const API = 'api.cloud.example';
const DUMPS = 'dumps.cloud.example';
const STORE = 'store.example';

async function proxyWith(options: ProxyOptions) {
  const proxy = await startProxy(options);
  onTestFinished(() => proxy.close());
  return { ...proxy, withPassword: proxy.url.replace('//', '//me:hush%2Fhush@') };
}

async function bucket(): Promise<S3Server> {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  return s3;
}

/** Hands out links to the download host's own name. */
function linksTo(base: string, from = API): Fault {
  return async (exchange, answer) => {
    const reply = await answer(exchange);
    const chunks = [];
    for await (const chunk of reply.body) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString().replaceAll(`http://${from}/`, `${base}/`);
    return {
      ...reply,
      headers: { ...reply.headers, 'content-length': String(text.length) },
      body: [Buffer.from(text)],
    };
  };
}

function portOf(work: Workplace): number {
  return Number(new URL(work.cloud.url).port);
}

describe('behind a proxy that wants a password', () => {
  test('a whole run reaches the API, the download host and the store through it', async () => {
    const s3 = await bucket();
    const work = await openWorkplace({ bucket: s3 });
    onTestFinished(work.close);
    work.cloud.fault(call('DescribeBackupUrl'), linksTo(`http://${DUMPS}`));
    const cloud = `127.0.0.1:${portOf(work)}`;
    const proxy = await proxyWith({
      requires: 'me:hush/hush',
      routes: { [API]: cloud, [DUMPS]: cloud, [STORE]: `127.0.0.1:${s3.port}` },
    });
    const result = await work.run(['run'], {
      HTTP_PROXY: proxy.withPassword,
      ARCHIVER_SOURCE_ENDPOINT: `http://${API}`,
      ARCHIVER_S3_ENDPOINT: `http://${STORE}`,
    });
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
    expect(summaryOf(result)).toMatchObject({ archived: 1 });
    // The dump, its manifest, and what was seen of the bucket.
    expect(s3.objects.size).toBe(3);
    expect(new Set(proxy.asked)).toEqual(
      new Set([
        ...[`POST ${API}`, `GET ${DUMPS}`, `GET ${STORE}`, `PUT ${STORE}`, `HEAD ${STORE}`],
        // The trial of the bucket: an upload in parts, and its removal.
        ...[`POST ${STORE}`, `DELETE ${STORE}`],
      ]),
    );
    expect(result.stdout).not.toContain('hush');
  });

  test('what NO_PROXY names is reached directly', async () => {
    const s3 = await bucket();
    const work = await openWorkplace({ bucket: s3 });
    onTestFinished(work.close);
    const proxy = await proxyWith({
      requires: 'me:hush/hush',
      routes: { [API]: `127.0.0.1:${portOf(work)}` },
    });
    const result = await work.run(['run'], {
      HTTP_PROXY: proxy.withPassword,
      NO_PROXY: '.internal, 0.0.0.0/8',
      ARCHIVER_SOURCE_ENDPOINT: `http://${API}`,
      // This machine by an address that is not exempt by itself.
      ARCHIVER_S3_ENDPOINT: `http://0.0.0.0:${s3.port}`,
    });
    expect(result.code).toBe(0);
    // The dump, its manifest, and what was seen of the bucket.
    expect(s3.objects.size).toBe(3);
    expect(new Set(proxy.asked)).toEqual(new Set([`POST ${API}`, `GET ${API}`]));
  });
});

describeWith(['openssl'], 'an authority that only the company knows', () => {
  let authority: PrivateCa;
  beforeAll(async () => {
    authority = await createPrivateCa([]);
  });
  afterAll(() => authority.remove());

  test('is trusted by every client where `.env` names it, and told with what to do where nobody does', async () => {
    const s3 = await bucket();
    const work = await openWorkplace({ bucket: s3 });
    onTestFinished(work.close);
    const [cloud, store] = [
      await tlsInFrontOf(portOf(work), authority.tls),
      await tlsInFrontOf(s3.port, authority.tls),
    ];
    onTestFinished(async () => void (await Promise.all([cloud.close(), store.close()])));
    const places = {
      ARCHIVER_SOURCE_ENDPOINT: `https://${cloud.address}`,
      ARCHIVER_S3_ENDPOINT: `https://${store.address}`,
    };
    work.cloud.fault(call('DescribeBackupUrl'), linksTo(`https://${cloud.address}`, cloud.address));
    const refused = await work.run(['run'], places);
    expect(refused.code).toBe(11);
    expect(refused.stdout).toContain('give its authority in NODE_EXTRA_CA_CERTS');
    writeFileSync(join(work.cwd, '.env'), `NODE_EXTRA_CA_CERTS=${authority.caFile}\n`);
    expect(await work.run(['run'], places)).toMatchObject({ code: 0, stderr: '' });
    expect(await work.run(['verify'], places)).toMatchObject({ code: 0 });
  });

  test.for([
    ['is not there', 'no-such-file.pem', 'cannot be read (ENOENT)'],
    ['is something else', '.env', 'holds no certificate in PEM'],
    ['is damaged', 'damaged.pem', 'holds a certificate that is damaged'],
  ] as const)('whose file %s is told before anything is attempted: exit 2', async ([, file, what]) => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    writeFileSync(join(work.cwd, '.env'), `NODE_EXTRA_CA_CERTS=${file}\n`);
    writeFileSync(
      join(work.cwd, 'damaged.pem'),
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    );
    const result = await work.run(['run']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(`NODE_EXTRA_CA_CERTS: the file ${file} ${what}`);
    expect(work.cloud.requests).toEqual([]);
  });
});

describe.each(['http', 'https'])('a proxy that refuses our password for %s', (scheme) => {
  test('is named when the cloud cannot be reached: exit 10', async () => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    const proxy = await proxyWith({ requires: 'someone:else' });
    const result = await work.run(['run'], {
      HTTP_PROXY: proxy.withPassword,
      HTTPS_PROXY: proxy.withPassword,
      ARCHIVER_SOURCE_ENDPOINT: `${scheme}://${API}`,
    });
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 10, stderr: '' });
    expectRefusal(result.stdout, 'api-unavailable', proxy.url);
    expect(proxy.asked.length).toBeLessThanOrEqual(2);
  });

  test('is named when the store cannot be reached: exit 11', async () => {
    const s3 = await bucket();
    const work = await openWorkplace({ bucket: s3 });
    onTestFinished(work.close);
    const proxy = await proxyWith({ requires: 'someone:else' });
    const result = await work.run(['run'], {
      HTTP_PROXY: proxy.withPassword,
      HTTPS_PROXY: proxy.withPassword,
      ARCHIVER_S3_ENDPOINT: `${scheme}://${STORE}`,
    });
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 11, stderr: '' });
    expectRefusal(result.stdout, 'store-refused', proxy.url);
  });

  /** One error, which names the proxy, the status and what to correct, but no password. */
  function expectRefusal(stdout: string, code: string, proxy: string): void {
    const errors = linesOf({ stdout, stderr: '', code: null }).flatMap(({ error }) => error ?? []);
    expect(errors).toEqual([
      {
        code,
        message: expect.stringMatching(new RegExp(`^(?=.*407).*${proxy}`)),
        hint: expect.stringMatching(/user name and password in HTTPS_PROXY or HTTP_PROXY/),
      },
    ]);
    expect(stdout).not.toMatch(/hush|bWU6aHVzaC9odXNo/);
  }
});

describeWith(['openssl'], "behind a proxy, with the company's own certificates", () => {
  let ca: PrivateCa;
  beforeAll(async () => {
    ca = await createPrivateCa([API, DUMPS, STORE]);
  });
  afterAll(() => ca.remove());

  async function front(port: number): Promise<string> {
    const { address, close } = await tlsInFrontOf(port, ca.tls);
    onTestFinished(close);
    return address;
  }

  async function run(env: Record<string, string>) {
    const s3 = await bucket();
    const work = await openWorkplace({ bucket: s3 });
    onTestFinished(work.close);
    work.cloud.fault(call('DescribeBackupUrl'), linksTo(`https://${DUMPS}`));
    const cloud = await front(portOf(work));
    const proxy = await proxyWith({
      requires: 'me:hush/hush',
      routes: { [API]: cloud, [DUMPS]: cloud, [STORE]: await front(s3.port) },
    });
    const result = await work.run(['run'], {
      HTTPS_PROXY: proxy.withPassword,
      ARCHIVER_SOURCE_ENDPOINT: `https://${API}`,
      ARCHIVER_S3_ENDPOINT: `https://${STORE}`,
      ...env,
    });
    return { result, proxy, s3 };
  }

  test('a whole run over TLS works with NODE_EXTRA_CA_CERTS', async () => {
    const { result, proxy, s3 } = await run({ NODE_EXTRA_CA_CERTS: ca.caFile });
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
    expect(summaryOf(result)).toMatchObject({ archived: 1 });
    // The dump, its manifest, and what was seen of the bucket.
    expect(s3.objects.size).toBe(3);
    expect(new Set(proxy.asked)).toEqual(
      new Set([`CONNECT ${API}:443`, `CONNECT ${DUMPS}:443`, `CONNECT ${STORE}:443`]),
    );
  });

  test('without it the error says which variable is missing: exit 11', async () => {
    const { result } = await run({});
    expect(result.code).toBe(11);
    expect(result.stdout).toMatch(/certificate.*through the proxy http:.*NODE_EXTRA_CA_CERTS/);
  });
});
