/** What `check` says of the way to the bucket: what was on the wire, and not what was asked for. */
import { expect, onTestFinished, test } from 'vitest';
import { findingsOf, probeOn } from '../../support/probe.ts';
import { type S3Server, startS3 } from '../../support/s3.ts';

async function server(): Promise<S3Server> {
  const started = await startS3();
  onTestFinished(() => started.close());
  return started;
}

test('an IP address has the bucket in the path, whatever profile and setting want, and is said to', async () => {
  const s3 = await server();
  const found = await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: false }));
  expect(s3.requests.map(({ headers }) => headers['host'])).toEqual(
    s3.requests.map(() => `127.0.0.1:${s3.port}`),
  );
  expect(found.of('reach')).toMatchObject({
    verdict: 'ok',
    detail: `${s3.endpoint} answers, the bucket in the path, region us-east-1`,
    facts: { pathStyle: true, address: `${s3.endpoint}/archive` },
  });
});

test('the other way is not advised where it leads to the same address', async () => {
  const s3 = await server();
  s3.denied.add('ListObjectsV2');
  const found = await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: false }));
  expect(found.of('reach')).toMatchObject({ verdict: 'failed', hint: expect.stringContaining('Grant') });
  // The second asks whether it is the requester who is to pay.
  expect(s3.requests).toHaveLength(2);
  expect(s3.requests[1]?.headers).toMatchObject({ 'x-amz-request-payer': 'requester' });
});
