/** What `check` says of who gets in: whether the store turns away wrong keys, and none. */
import { expect, onTestFinished, test } from 'vitest';
import { fixed } from '../../../src/domain/current.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { findingsOf, probeOn } from '../../support/probe.ts';
import { type S3Server, type S3ServerOptions, startS3 } from '../../support/s3.ts';
import type { S3Operation } from '../../support/s3-faults.ts';

async function server(mode: NonNullable<S3ServerOptions['mode']> = 'aws'): Promise<S3Server> {
  const started = await startS3({ mode });
  onTestFinished(() => started.close());
  return started;
}

test('a store that turns away wrong keys and none is said to', async () => {
  const s3 = await server();
  const found = await findingsOf(probeOn(s3, { profile: 'aws' }));
  expect(found.of('access')).toMatchObject({
    verdict: 'ok',
    detail: 'a wrong key is refused, and so is none',
    facts: { wrongKey: 'nothing', noKey: 'nothing' },
  });
});

test('a store that checks no signature is warned of, with what whoever reaches it can do', async () => {
  const s3 = await server('ceph');
  s3.behaviour.signatures = 'ignored';
  const found = await findingsOf(probeOn(s3, { profile: 'ceph' }));
  expect(found.of('access')).toMatchObject({
    verdict: 'warning',
    detail: 'a wrong key may list, read, write, and without any key one may list, read, write',
    hint: expect.stringContaining(`So can whoever reaches ${s3.endpoint}`),
  });
  expect([...s3.objects.keys()]).toEqual(['redis/state/probe/seen.json']);
});

test.each<[what: string, operation: S3Operation]>([
  ['read', 'GetObject'],
  ['list', 'ListObjects'],
  ['write', 'PutObject'],
])('a bucket in which anybody may %s is warned of', async (what, operation) => {
  const s3 = await server();
  s3.open.add(operation);
  const found = await findingsOf(probeOn(s3, { profile: 'aws' }));
  expect(found.of('access')).toMatchObject({
    verdict: 'warning',
    detail: `without any key one may ${what}`,
    facts: { wrongKey: 'nothing', noKey: what },
  });
});

test('a store that fails instead of refusing is not said to do either', async () => {
  const s3 = await server();
  s3.fail({ on: 'ListObjects', effect: 'reset', times: 10 });
  const found = await findingsOf(probeOn(s3, { profile: 'aws' }));
  expect(found.of('access')).toMatchObject({ verdict: 'not-tried' });
});

test('temporary keys are refused and accepted like others, their token among what is left out', async () => {
  const s3 = await server();
  const credentials = fixed({
    accessKeyId: s3.credentials.accessKeyId,
    secretAccessKey: new Secret(s3.credentials.secretAccessKey),
    sessionToken: new Secret('a-token'),
  });
  const found = await findingsOf(probeOn(s3, { profile: 'aws', credentials }));
  expect(found.of('access').verdict).toBe('ok');
  const anonymous = s3.requests.filter(({ headers }) => headers['authorization'] === undefined);
  expect(anonymous).toHaveLength(3);
  for (const { headers } of anonymous) expect(headers).not.toHaveProperty('x-amz-security-token');
});
