/** Ends and removes what killed drills have left: a server that nobody stops any more, and the dump beside it. */
import { existsSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../domain/clock.ts';
import { abandonedScratch, SCRATCH_FILES } from './scratch.ts';
import { openLink } from './server-link.ts';

const PATIENCE_MS = 2000;
const PROCESSES = '/proc';

/** Best effort, and never a reason not to drill. A server is known by its folder, in which nobody but we can work: no other can be meant. */
export async function removeOrphans(directory: string | undefined, clock: Clock): Promise<void> {
  for (const folder of listed(directory)) {
    const socket = join(folder, SCRATCH_FILES.socket);
    try {
      if (existsSync(PROCESSES)) endProcessesIn(folder);
      else if (existsSync(socket)) await askToEnd(socket, clock).catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another drill may be at it. Where there is no room because of it, that will be said.
    }
  }
}

function listed(directory: string | undefined): string[] {
  try {
    return abandonedScratch(directory);
  } catch {
    return [];
  }
}

/** Linux: every process whose working directory it is. One that loads a large dump would be slow to answer. */
function endProcessesIn(folder: string): void {
  const real = realpathSync(folder);
  for (const name of readdirSync(PROCESSES)) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (readlinkSync(join(PROCESSES, name, 'cwd')) === real) process.kill(Number(name), 'SIGKILL');
    } catch {
      // Somebody else's, or gone in the meantime.
    }
  }
}

async function askToEnd(socket: string, clock: Clock): Promise<void> {
  const link = await openLink(socket);
  const patience = new AbortController();
  const alarm = clock.alarm(PATIENCE_MS, () => patience.abort());
  alarm.restart();
  try {
    await link.ask(['SHUTDOWN', 'NOSAVE'], patience.signal);
  } finally {
    alarm.stop();
    link.close();
  }
}
