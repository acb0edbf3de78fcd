/** Answers that are no word of S3's: a status alone, or a page of something that stands in between. Each is one sentence, with what to do. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { ArchiverError } from '../../../src/domain/errors.ts';
import { MIN_PART_SIZE } from '../../../src/store/s3/part-size.ts';
import { startS3 } from '../../support/s3.ts';
import type { Answer } from '../../support/s3-behaviour.ts';
import type { S3Operation } from '../../support/s3-faults.ts';
import { storeOn } from '../../support/s3-stores.ts';

const signal = new AbortController().signal;
const CALLS = ['ListObjectsV2', 'HeadObject', 'GetObject', 'PutObject', 'CreateMultipartUpload'] as const;

/** The error of each call, where the server answers all of them with this. */
async function errorsFor(answer: Answer): Promise<{ server: string; errors: Map<string, ArchiverError> }> {
  const s3 = await startS3({ mode: 'ceph' });
  onTestFinished(() => s3.close());
  for (const on of CALLS) s3.fail({ on, effect: 'bare', answer, times: 10 });
  const store = storeOn(s3, 'ceph');
  const put = { contentType: 'text/plain', signal };
  const calls: Record<(typeof CALLS)[number], () => Promise<unknown>> = {
    ListObjectsV2: () => store.list('redis/', { signal })[Symbol.asyncIterator]().next(),
    HeadObject: () => store.head('redis/a', { signal }),
    GetObject: () => store.read('redis/a', { signal }),
    PutObject: () => store.put('redis/a', Buffer.from('a'), { ...put, ifAbsent: false }),
    CreateMultipartUpload: () => store.upload('redis/a', twoParts(), put),
  };
  const errors = new Map<string, ArchiverError>();
  for (const [name, call] of Object.entries(calls)) {
    const error: unknown = await call().catch((thrown: unknown) => thrown);
    if (error instanceof ArchiverError) errors.set(name, error);
  }
  return { server: s3.endpoint, errors };
}

async function* twoParts() {
  for (let part = 0; part < 2; part += 1) yield Buffer.alloc(MIN_PART_SIZE);
}

const page = (text: string): readonly Buffer[] => [Buffer.from(text)];
const HTML = { 'content-type': 'text/html', server: 'nginx' };
/** As nginx writes it: no XML. */
const NGINX = page('<html><head><title>no</title></head><body><hr><center>nginx</center></body></html>');

describe('a status and nothing else', () => {
  test.each<[status: number, words: string, code: string, hint: string]>([
    [400, 'Bad Request', 'store-failed', 'region, lapsed credentials or the clock'],
    [401, 'Unauthorized', 'store-refused', 'Check the credentials'],
    [403, 'Forbidden', 'store-refused', 's3:PutObject'],
    [405, 'Method Not Allowed', 'store-failed', 'ARCHIVER_S3_ENDPOINT'],
    [413, 'Payload Too Large', 'store-failed', 'client_max_body_size'],
    [501, 'Not Implemented', 'store-failed', 'ARCHIVER_S3_ENDPOINT'],
    [301, 'Moved Permanently', 'store-refused', 'ARCHIVER_S3_REGION'],
    [307, 'Temporary Redirect', 'store-refused', 'ARCHIVER_S3_REGION'],
  ])(
    '%i is told as %s without a reason, with what is mostly behind it',
    async (status, words, code, hint) => {
      const { server, errors } = await errorsFor({ status });
      // A put that may not know its condition goes another way at 501.
      for (const name of CALLS) {
        const error = errors.get(name);
        expect(error?.message, name).toMatch(/^cannot [a-z ]+ s3:\/\/archive\/redis\/a?: /);
        expect(error?.message, name).toContain(
          `: ${server} answered HTTP ${status} ${words} and gave no reason`,
        );
        expect(error?.message, name).not.toContain('Unknown');
        expect(error, name).toMatchObject({ code, hint: expect.stringContaining(hint) });
      }
    },
  );

  test('503 is told as an overload, 502 and 504 as a gateway’s', async () => {
    const hints = new Map([
      [502, 'gateway'],
      [503, 'ARCHIVER_CONCURRENCY'],
      [504, 'gateway'],
    ]);
    for (const [status, hint] of hints) {
      const { errors } = await errorsFor({ status });
      expect(errors.get('ListObjectsV2')).toMatchObject({
        code: 'store-failed',
        message: expect.stringContaining(`answered HTTP ${status}`),
        hint: expect.stringContaining(hint),
      });
    }
  });

  test('404 for a listing means that no such store is there: nothing was attempted, exit 11', async () => {
    const { errors } = await errorsFor({ status: 404 });
    expect(errors.get('ListObjectsV2')).toMatchObject({
      code: 'store-unreachable',
      exit: 11,
      hint: expect.stringContaining('ARCHIVER_DESTINATION'),
    });
    // There is no object, as ever.
    expect(errors.has('HeadObject')).toBe(false);
  });

  test('a redirect that names the region is told with that region', async () => {
    const { errors } = await errorsFor({ status: 301, headers: { 'x-amz-bucket-region': 'eu-west-9' } });
    for (const error of errors.values()) expect(error.hint).toContain('set ARCHIVER_S3_REGION=eu-west-9');
  });

  test('a redirect to another address is told with that address, and nothing of its path', async () => {
    const headers = { location: 'https://store.example.org/archive?token=hush' };
    const { errors } = await errorsFor({ status: 308, headers, body: NGINX });
    for (const error of errors.values()) {
      expect(error.code).toBe('store-refused');
      expect(error.hint).toContain('leads on to https://store.example.org: set ARCHIVER_S3_ENDPOINT');
      expect(error.hint + error.message).not.toContain('hush');
    }
  });
});

describe('a page of something that is no S3', () => {
  test.each<[what: string, answer: Answer]>([
    ['a proxy’s refusal', { status: 403, headers: HTML, body: NGINX }],
    [
      'a refusal in well-formed HTML',
      { status: 403, headers: HTML, body: page('<html><body><h1>Forbidden</h1></body></html>') },
    ],
    ['a web server that has no such page', { status: 404, headers: HTML, body: NGINX }],
    ['a login page', { status: 200, headers: HTML, body: NGINX }],
  ])('%s is told as one, with whose it is', async (_what, answer) => {
    const { server, errors } = await errorsFor(answer);
    for (const on of ['ListObjectsV2', 'CreateMultipartUpload']) {
      const error = errors.get(on);
      expect(error?.message).toContain(`${server} answered HTTP ${answer.status}`);
      expect(error?.message).toContain('the answer is not one of S3 (text/html, nginx)');
      expect(error?.hint).toContain('What answered is not S3');
    }
    expect(errors.get('PutObject')).toBeDefined();
  });

  test('a gateway that is out of order is told as that', async () => {
    const { errors } = await errorsFor({ status: 502, headers: HTML, body: NGINX });
    expect(errors.get('ListObjectsV2')).toMatchObject({
      code: 'store-failed',
      hint: expect.stringContaining('gateway'),
    });
  });
});

describe('an answer of 200', () => {
  test('without anything in it is no empty listing, no upload and no put', async () => {
    const { errors } = await errorsFor({ status: 200 });
    for (const on of ['ListObjectsV2', 'CreateMultipartUpload', 'PutObject'])
      expect(errors.get(on)?.code, on).toBe('store-failed');
  });

  test('without anything in it does not complete an upload, and is not called an overload', async () => {
    const s3 = await startS3({ mode: 'ceph' });
    onTestFinished(() => s3.close());
    const on: S3Operation = 'CompleteMultipartUpload';
    s3.fail({ on, effect: 'bare', answer: { status: 200 }, times: 10 });
    const upload = storeOn(s3, 'ceph').upload('redis/a', twoParts(), { contentType: 'text/plain', signal });
    await expect(upload).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringMatching(/the answer was empty$/),
      hint: expect.not.stringContaining('ARCHIVER_CONCURRENCY'),
    });
    expect(s3.objects.size).toBe(0);
  });
});

test('an error document without words is told by its code alone', async () => {
  const document = page('<Error><Code>AccessDenied</Code></Error>');
  const { errors } = await errorsFor({ status: 403, body: document });
  expect(errors.get('ListObjectsV2')?.message).toBe(
    'cannot list s3://archive/redis/: AccessDenied (HTTP 403)',
  );
});
