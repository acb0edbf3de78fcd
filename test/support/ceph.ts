/** A real S3 server for tests: Ceph's RADOS Gateway, started by the first test file of a run that asks and shared by the others. */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts, openBucketAt, type RealBucket } from './real-bucket.ts';

type CephVersion = keyof typeof SUFFIXES;

/** Of the programs' names. */
const SUFFIXES = { 16: '', 20: '-20' } as const;

/** For `describeWith`: what must be installed (Debian: radosgw ceph-mon ceph-osd ceph-common). */
export const CEPH_TOOLS = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool'] as const;

/** The same of version 20, by the names that test/stores/fetch-heavy gives them. */
export const CEPH_20_TOOLS = CEPH_TOOLS.map((tool) => `${tool}${SUFFIXES[20]}`);

/** A new bucket on the run's gateway, which stops by itself when the run's main process has ended. Object lock brings versioning. */
export async function openCephBucket({
  version = 16,
  ...options
}: {
  readonly objectLock?: boolean;
  readonly version?: CephVersion;
} = {}): Promise<RealBucket> {
  return openBucketAt(await sharedGateway(version), options);
}

/** Every file of a run is a process of its own under the same parent: its id names the folder, and making that is the lock. */
async function sharedGateway(version: CephVersion): Promise<string> {
  const suffix = SUFFIXES[version];
  const directory = join(tmpdir(), `rdb-archiver-ceph${suffix}-${process.ppid}`);
  if (claim(directory)) {
    const [monitorPort, gatewayPort] = await freePorts(2);
    await writeFile(join(directory, 'endpoint'), `http://127.0.0.1:${gatewayPort}`);
    const log = openSync(join(directory, 'start.log'), 'w');
    const script = join(import.meta.dirname, 'ceph.sh');
    const words = [directory, monitorPort, gatewayPort, process.ppid, suffix].map(String);
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
