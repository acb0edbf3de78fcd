/** Measures one command with all its children: wall and processor time by the shell's `time`, peak memory by the kernel's own mark of each process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Figures {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of processor time, of the whole process tree, user and system. */
  readonly processor: number;
  /** MB, 10^6 bytes: the most that the peaks of the processes add up to which are there at once. */
  readonly memory: number;
}

/** Runs a bash script to its end. Rejects when it fails: a peer that fails must not look fast. */
export async function measure(script: string, env: NodeJS.ProcessEnv): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const [times, output, file] = [join(folder, 'times'), join(folder, 'output'), join(folder, 'script')];
  // In a file: a thousand commands are too long for an argument.
  writeFileSync(file, script);
  const timed = `TIMEFORMAT='%R %U %S'; { time bash -o pipefail ${file} >${output} 2>&1; } 2>${times}`;
  const shell = spawn('bash', ['-c', timed], { env, stdio: 'ignore' });
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, peaksBelow(shell.pid ?? 0));
  }, 15);
  try {
    const [status] = (await once(shell, 'close')) as [number];
    if (status !== 0)
      throw new Error(`exit ${status}: ${script}\n${readFileSync(output, 'utf8').slice(-2000)}`);
    const [wall = 0, user = 0, system = 0] = readFileSync(times, 'utf8').trim().split(' ').map(Number);
    return { wall, processor: user + system, memory: peak / 1e6 };
  } finally {
    clearInterval(watch);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes: the highest resident memory so far of each process below `parent`, added up. Shells do not count. */
function peaksBelow(parent: number): number {
  return childrenOf(parent).reduce((sum, child) => sum + peakOf(child) + peaksBelow(child), 0);
}

function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
    return /Name:\s+bash\b/.test(status) ? 0 : kilobytes * 1024;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
