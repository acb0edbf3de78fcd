/**
 * What 10,000 instances and 70,000 backups cost before the first byte moves: calls, listings, time at the documented quotas, memory, and
 * the balance over many workers. Real calls to the sandbox; the time is computed from the quotas. Usage: npm run bench:fleet
 */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { belongsTo } from '../src/plan/shard.ts';

const INSTANCES = 10_000;
const BACKUPS_EACH = 7;
const NOW = Date.parse('2026-11-24T03:00:00Z');
/** Documented calls a second of one account, and the share that we take of it. */
const QUOTA: Readonly<Record<string, number>> = {
  DescribeInstances: 35,
  DescribeInstanceBackups: 20,
  DescribeBackupUrl: 20,
};
const SHARE = 0.8;

interface Look {
  readonly calls: Record<string, number>;
  readonly pages: number;
  /** Pages of the whole catalog, older archives and all. */
  readonly wholeCatalog: number;
  readonly todo: number;
  readonly settled: number;
  readonly failures: number;
  readonly peakMb: number;
}

/** Bundled, as the program ships: modules that are read one by one as TypeScript take memory of their own. */
async function bundleWorker(folder: string): Promise<string> {
  const input = { worker: join(import.meta.dirname, 'fleet-worker.ts') };
  const bundle = await rolldown({ input, platform: 'node' });
  await bundle.write({ dir: folder, format: 'esm' });
  await bundle.close();
  return join(folder, 'worker.js');
}

const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
const worker = await bundleWorker(folder);
const fleet = [INSTANCES, BACKUPS_EACH, NOW].map(String);
const cloud = fork(new URL('./fleet-cloud.ts', import.meta.url), fleet);
const [environment] = (await once(cloud, 'message')) as [Record<string, string>];

async function look(index: number, count: number, newest: boolean): Promise<Look> {
  const words = [
    '--max-semi-space-size=2',
    worker,
    String(NOW),
    String(index),
    String(count),
    newest ? '1' : '0',
  ];
  const { stdout } = await promisify(execFile)(process.execPath, words, {
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout) as Look;
}

/** Seconds until so many calls are allowed, of all workers together. */
function seconds(calls: Readonly<Record<string, number>>): number {
  return Math.max(...Object.entries(calls).map(([action, times]) => times / ((QUOTA[action] ?? 20) * SHARE)));
}

function total(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((sum, times) => sum + times, 0);
}

try {
  console.log(
    `${INSTANCES} instances, ${INSTANCES * BACKUPS_EACH} backups, catalog of 3,000,000 older archives\n`,
  );
  console.log('one worker              API calls   listing time   catalog pages   to archive   peak memory');
  for (const newest of [false, true]) {
    const one = await look(0, 1, newest);
    const name = newest ? 'a new backup each' : 'all archived already';
    console.log(
      `${name.padEnd(22)}  ${String(total(one.calls)).padStart(9)}  ${seconds(one.calls).toFixed(0).padStart(11)} s  ${`${one.pages} of ${one.wholeCatalog}`.padStart(14)}  ${String(one.todo).padStart(11)}  ${String(one.peakMb).padStart(9)} MB`,
    );
  }

  console.log(
    '\nworkers   calls of the first   calls of another   calls of all   listing time   smallest and largest share',
  );
  for (const count of [1, 8, 64]) {
    const first = await look(0, count, true);
    const other = count === 1 ? first : await look(1, count, true);
    const all = { ...first.calls };
    for (const [action, times] of Object.entries(other.calls))
      all[action] = (first.calls[action] ?? 0) + times * (count - 1);
    const shares = Array.from({ length: count }, () => 0);
    for (let instance = 0; instance < INSTANCES; instance += 1) {
      const id = `crs-${instance.toString(36).padStart(8, '0')}`;
      const owner = shares.findIndex((_, index) => belongsTo(id, { index, count }));
      shares[owner] = (shares[owner] ?? 0) + 1;
    }
    console.log(
      `${String(count).padStart(7)}  ${String(total(first.calls)).padStart(19)}  ${String(total(other.calls)).padStart(17)}  ${String(total(all)).padStart(13)}  ${seconds(all).toFixed(0).padStart(11)} s   ${Math.min(...shares)} and ${Math.max(...shares)} instances`,
    );
  }
  console.log(
    `\nlinks for 10,000 new backups, whatever the number of workers: ${seconds({ DescribeBackupUrl: INSTANCES }).toFixed(0)} s at the quota`,
  );
} finally {
  cloud.kill();
  rmSync(folder, { recursive: true });
}
