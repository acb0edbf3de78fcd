/** A real S3 server for tests: Ceph's RADOS Gateway, started by the first test file of a run that asks and shared by the others. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, openSync } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { S3Credentials } from './s3-signature.ts';

/** For `describeWith`: what must be installed (Debian: radosgw ceph-mon ceph-osd ceph-common). */
export const CEPH_TOOLS = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool'] as const;

export interface CephBucket {
  readonly endpoint: string;
  /** New, and the caller's own. */
  readonly bucket: string;
  readonly credentials: S3Credentials;
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  /** To look from outside at what the product did. */
  readonly client: S3Client;
  close(): void;
}

const CREDENTIALS: S3Credentials = { accessKeyId: 'labkey', secretAccessKey: 'labsecret' };

/** A new bucket on the run's gateway, which stops by itself when the run's main process has ended. Object lock brings versioning. */
export async function openCephBucket({ objectLock = false } = {}): Promise<CephBucket> {
  const endpoint = await sharedGateway();
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: CREDENTIALS,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({ httpAgent: agents.http }),
  });
  const bucket = `test-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: objectLock }));
  return { endpoint, bucket, credentials: CREDENTIALS, agents, client, close: () => client.destroy() };
}

/** Every file of a run is a process of its own under the same parent: its id names the folder, and making that is the lock. */
async function sharedGateway(): Promise<string> {
  const directory = join(tmpdir(), `rdb-archiver-ceph-${process.ppid}`);
  if (claim(directory)) {
    const [monitorPort, gatewayPort] = await freePorts();
    await writeFile(join(directory, 'endpoint'), `http://127.0.0.1:${gatewayPort}`);
    const log = openSync(join(directory, 'start.log'), 'w');
    const script = join(import.meta.dirname, 'ceph.sh');
    const words = [directory, monitorPort, gatewayPort, process.ppid].map(String);
    spawn(script, words, { detached: true, stdio: ['ignore', log, log] }).unref();
  }
  for (let tries = 0; tries < 300; tries += 1) {
    if (await isThere(join(directory, 'ready'))) return readFile(join(directory, 'endpoint'), 'utf8');
    await delay(200);
  }
  throw new Error(`Ceph did not start: see ${directory}`);
}

function claim(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch {
    return false;
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()];
  const ports = servers.map(
    (server) =>
      new Promise<number>((resolve) =>
        server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
      ),
  );
  const [one, other] = await Promise.all(ports);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [one ?? 0, other ?? 0];
}
