/** A bucket on a real S3 server, and a free port to start one on. */
import { randomUUID } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { S3Credentials } from './s3-signature.ts';

export interface RealBucket {
  readonly endpoint: string;
  /** New, and the caller's own. */
  readonly bucket: string;
  readonly credentials: S3Credentials;
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  /** To look from outside at what the product did. */
  readonly client: S3Client;
  close(): void;
}

/** What all real servers of the tests are started with. */
export const CREDENTIALS: S3Credentials = { accessKeyId: 'labkey', secretAccessKey: 'labsecret' };

/** Somebody else, where a server knows more than one. */
export const GUEST: S3Credentials = { accessKeyId: 'guestkey', secretAccessKey: 'guestsecret' };

/** Object lock brings versioning. */
export async function openBucketAt(endpoint: string, { objectLock = false } = {}): Promise<RealBucket> {
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: CREDENTIALS,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({ httpAgent: agents.http }),
  });
  const bucket = `test-${randomUUID()}`;
  await client.send(
    new CreateBucketCommand({ Bucket: bucket, ...(objectLock && { ObjectLockEnabledForBucket: true }) }),
  );
  return { endpoint, bucket, credentials: CREDENTIALS, agents, client, close: () => client.destroy() };
}

/** On loopback: different ones, and free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) =>
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
