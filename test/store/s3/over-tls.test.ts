/** Uploads over TLS, where bodies are sent slice by slice: they arrive whole all the same, and on a second attempt too. */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { MIN_PART_SIZE } from '../../../src/store/s3/part-size.ts';
import { patterned, streamOf } from '../../support/bodies.ts';
import { createTestClock } from '../../support/clock.ts';
import { describeWith } from '../../support/needs.ts';
import { createPrivateCa, type PrivateCa } from '../../support/private-ca.ts';
import { type S3Server, startS3 } from '../../support/s3.ts';
import type { S3Fault } from '../../support/s3-faults.ts';
import { storeOn } from '../../support/s3-stores.ts';
import { type TlsFront, tlsInFrontOf } from '../../support/tls-front.ts';

const signal = new AbortController().signal;
const options = { signal, contentType: 'application/octet-stream' };
const KEY = 'data/dump.rdb';

/** Two parts, the second one of a slice and a bit. */
const DUMP = patterned(MIN_PART_SIZE + 300_000);

describeWith(['openssl'], 'an upload over TLS', () => {
  let ca: PrivateCa;
  let server: S3Server;
  let front: TlsFront;
  let store: ObjectStore;

  beforeEach(async () => {
    ca = await createPrivateCa(['localhost']);
    server = await startS3();
    front = await tlsInFrontOf(Number(new URL(server.endpoint).port), ca.tls);
    const agents = {
      ...server.agents,
      https: new Agent({ keepAlive: true, ca: readFileSync(ca.caFile, 'utf8') }),
    };
    store = storeOn({ ...server, endpoint: `https://${front.address}`, agents }, 'aws', {
      clock: createTestClock(),
    });
  });
  afterEach(async () => {
    store.close();
    await front.close();
    await server.close();
    await ca.remove();
  });

  const upload = () => store.upload(KEY, streamOf(DUMP), { ...options, size: DUMP.length });

  test('arrives whole, its length announced and its checksum in place of a signed digest', async () => {
    expect(await upload()).toMatchObject({ size: DUMP.length, proof: 'checksum' });
    expect(server.bytesOf(KEY)?.equals(DUMP)).toBe(true);
    const bodies = server.requests.filter(({ operation }) => operation === 'UploadPart');
    expect(bodies.map(({ headers }) => headers['content-length'])).toEqual([String(MIN_PART_SIZE), '300000']);
    for (const { headers } of bodies) {
      expect(headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
      expect(headers['x-amz-checksum-crc32']).toMatch(/^.{6}==$/);
      expect(headers['transfer-encoding']).toBeUndefined();
    }
  });

  const survivable: readonly (readonly [string, S3Fault])[] = [
    ['a part is answered SlowDown', { on: 'UploadPart', effect: 'answer', status: 503, code: 'SlowDown' }],
    ['the connection breaks in the middle of a part', { on: 'UploadPart', effect: 'reset' }],
    ['the answer to a part is lost', { on: 'UploadPart', nth: 2, effect: 'lose-reply' }],
  ];
  test.each(survivable)('arrives whole although %s', async (_what, fault) => {
    server.fail(fault);
    expect(await upload()).toMatchObject({ size: DUMP.length, proof: 'checksum' });
    expect(server.bytesOf(KEY)?.equals(DUMP)).toBe(true);
    expect(server.requests.filter(({ operation }) => operation === 'UploadPart')).toHaveLength(3);
  });

  test('that is interrupted ends at once and leaves nothing', async () => {
    const stop = new AbortController();
    const held = server.holdAt(({ operation }) => operation === 'UploadPart');
    const stopped = expect(
      store.upload(KEY, streamOf(DUMP), { ...options, signal: stop.signal }),
    ).rejects.toThrow('asked to stop');
    await held.arrived;
    stop.abort(new Error('asked to stop'));
    await stopped;
    expect(server.objects.has(KEY)).toBe(false);
    expect(server.uploads.size).toBe(0);
  });
});
