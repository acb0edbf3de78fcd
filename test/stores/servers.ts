/** Real S3 servers as `fetch` unpacks them: how each is started on a free port with its data in a folder of its own, and stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openCephBucket } from '../support/ceph.ts';
import { freePorts, openBucketAt, type RealBucket } from '../support/real-bucket.ts';
import { listen, type Place, RECIPES, type StoreName } from './stores.ts';

export interface RealServer {
  bucket(options?: { readonly objectLock?: boolean }): Promise<RealBucket>;
  stop(): Promise<void>;
}

/** Rejects where it does not answer within two minutes (Java on a busy machine), with the end of what it said. */
export async function startStore(name: StoreName): Promise<RealServer> {
  if (name === 'ceph' || name === 'ceph-20') {
    const version = name === 'ceph' ? 16 : 20;
    return { bucket: (options) => openCephBucket({ ...options, version }), stop: async () => {} };
  }
  const recipe = RECIPES[name];
  const [port = 0, ...more] = await freePorts(8);
  const place: Place = { folder: await mkdtemp(join(tmpdir(), `archiver-${name}-`)), port, more };
  for (const folder of recipe.folders ?? []) mkdirSync(join(place.folder, folder));
  for (const [file, text] of Object.entries(recipe.files?.(place) ?? {}))
    writeFileSync(join(place.folder, file), text);
  const log = join(place.folder, 'server.log');
  const begin = (words: readonly string[]): ChildProcess => {
    const [program = '', ...args] = words;
    const output = openSync(log, 'a');
    const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', HOME: place.folder, ...recipe.env?.(place) };
    return spawn(program, args, { cwd: place.folder, env, stdio: ['ignore', output, output] });
  };
  const before = recipe.before?.(place);
  if (before) await ended(begin(before));
  const child = begin(recipe.command(place));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    const end = ended(child);
    kill();
    await end;
    rmSync(place.folder, { recursive: true, force: true });
  };
  const endpoint = `http://${listen(place)}`;
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) break;
    if (await answers(endpoint)) return { bucket: (options) => openBucketAt(endpoint, options), stop };
    await delay(200);
  }
  const said = readFileSync(log, 'utf8').split('\n').slice(-20).join('\n');
  await stop();
  throw new Error(`${recipe.title} did not start: ${said}`);
}

/** Any answer will do: without a key it is a refusal. */
async function answers(endpoint: string): Promise<boolean> {
  try {
    const answer = await fetch(endpoint, { signal: AbortSignal.timeout(2000) });
    await answer.arrayBuffer();
    return answer.status < 500;
  } catch {
    return false;
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('close', () => resolve()).once('error', () => resolve());
  });
}
