/**
 * Shows that memory does not grow with the dumps: peak resident memory of a real `run`, for several sizes, numbers and pools.
 * Linux only (it reads /proc). Usage: npm run bench:memory [CASE…]
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const CASES = [
  { dumps: 1, size: 64 * MiB, pool: '128MiB' },
  { dumps: 1, size: 2 * GiB, pool: '128MiB' },
  { dumps: 4, size: 2 * GiB, pool: '128MiB' },
  { dumps: 1, size: 2 * GiB, pool: '32MiB' },
  { dumps: 4, size: 2 * GiB, pool: '32MiB' },
];

/** The highest resident memory that the kernel has seen of a process, in MB; undefined once it is gone. */
function peakOf({ pid }: ChildProcess): number | undefined {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : (Number(kilobytes) * 1024) / 1e6;
  } catch {
    return undefined;
  }
}

async function measure({ dumps, size, pool }: (typeof CASES)[number]): Promise<string> {
  const servers = fork(new URL('./memory-servers.ts', import.meta.url), [String(size), String(dumps)]);
  try {
    const [environment] = (await once(servers, 'message')) as [Record<string, string>];
    const run = spawn(process.execPath, [...FLAGS, 'dist/main.js', 'run', '--log-format', 'json'], {
      env: { PATH: process.env['PATH'], ...environment, ARCHIVER_BUFFER_MEMORY: pool },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    run.stdout.on('data', (chunk) => {
      output += chunk;
    });
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, peakOf(run) ?? 0);
    }, 20);
    const [exitCode] = (await once(run, 'close')) as [number];
    clearInterval(watch);
    const summary = JSON.parse(output.trim().split('\n').at(-1) ?? '{}') as {
      archived?: number;
      durationMs?: number;
    };
    const what = `${dumps} x ${size / MiB} MiB`.padEnd(14);
    return `${what}  pool ${pool.padEnd(7)}  peak ${peak.toFixed(0).padStart(4)} MB   exit ${exitCode}, archived ${summary.archived}, ${summary.durationMs} ms`;
  } finally {
    servers.kill();
  }
}

/** As in the container image. */
const FLAGS = ['--max-semi-space-size=2'];

const wanted = process.argv.slice(2).map(Number);
for (const [index, one] of CASES.entries()) {
  if (wanted.length === 0 || wanted.includes(index + 1)) console.log(await measure(one));
}
