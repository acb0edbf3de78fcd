/** A throw-away server: started on a private socket, listened to, and gone for certain when it is no longer needed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Clock } from '../domain/clock.ts';
import { SCRATCH_FILES } from './scratch.ts';
import { type ChildEnvironment, childVariables, type ServerProgram } from './server-program.ts';

/** What a server is told besides what all are. */
export interface ServerSetting {
  /** Holds the dump, where there is one. */
  readonly folder: string;
  /** How many the dump needs; a server sets memory aside for each, used or not. */
  readonly databases: number;
  /** Whether it is to load versions of the format that are not its own (Valkey 8.1 and newer). */
  readonly relaxed?: boolean;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ThrowAwayServer {
  readonly socket: string;
  /** The last lines that it wrote, without what a replica says of its master that is not there. */
  log(): readonly string[];
  /** Resolves when it has ended, whyever. */
  readonly exited: Promise<ServerExit>;
  /** SIGTERM, and SIGKILL when that is not enough. Resolves when it is gone. */
  stop(): Promise<void>;
}

/** A module may tell of every value that it loads, so the reason need not be among the last few. */
const LINES_KEPT = 1000;
/** After a refusal the server's own checker reads the file anew, and prints a line for each field: thousands for a cluster's dump. */
const CHECKER = /^\[(?:offset|info|additional info)\b/;
const OF_THE_MASTER = /\b(?:MASTER|SYNC|PRIMARY)\b/;
const LONGEST_LINE = 500;
const GRACE_MS = 3000;

/**
 * A server that holds exactly what the dump holds. As a master it would drop keys on loading that have expired, and go on doing so
 * while we count; as a replica it leaves that to its master (Redis, `rdb.c`, `rdbLoadRioWithLoadingCtx`; `expire.c`). That master is
 * port 0, to which nobody can ever listen, so the link is never there and nothing is ever synchronised. A replica refuses writes too.
 */
export function serverOptions({ folder, databases, relaxed = false }: ServerSetting): string[] {
  const options: Record<string, readonly string[]> = {
    port: ['0'],
    unixsocket: [join(folder, SCRATCH_FILES.socket)],
    unixsocketperm: ['700'],
    dir: [folder],
    dbfilename: [SCRATCH_FILES.dump],
    databases: [String(databases)],
    save: [''],
    appendonly: ['no'],
    replicaof: ['127.0.0.1', '0'],
    daemonize: ['no'],
    loglevel: ['notice'],
    logfile: [''],
    activerehashing: ['no'],
    // Who does not know it does not even start with it.
    ...(relaxed && { 'rdb-version-check': ['relaxed'] }),
  };
  return Object.entries(options).flatMap(([name, values]) => [`--${name}`, ...values]);
}

export function startServer(
  program: ServerProgram,
  {
    environment,
    clock,
    ...setting
  }: ServerSetting & {
    readonly environment: ChildEnvironment;
    readonly clock: Clock;
  },
): ThrowAwayServer {
  const { folder } = setting;
  const child = spawn(program.path, serverOptions(setting), {
    cwd: folder,
    env: childVariables(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, to be ended as a whole: a script may wait for the server instead of becoming it.
    detached: true,
  });
  const end = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined) endGroup(child.pid, signal);
  };
  const kill = (): void => end('SIGKILL');
  process.on('exit', kill);
  const exited = exitOf(child).finally(() => process.off('exit', kill));
  if (child.pid !== undefined) sacrificeFirst(child.pid);

  const lines: string[] = [];
  child.on('error', ({ message }) => lines.push(message));
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      if (OF_THE_MASTER.test(line) || CHECKER.test(line)) return;
      // It may quote a key's name, whatever that is made of.
      lines.push(line.slice(0, LONGEST_LINE).replaceAll(/\p{Cc}/gu, '.'));
      if (lines.length > LINES_KEPT) lines.shift();
    });
  }

  return {
    socket: join(folder, SCRATCH_FILES.socket),
    log: () => lines,
    exited,
    async stop() {
      end('SIGTERM');
      const alarm = clock.alarm(GRACE_MS, kill);
      alarm.restart();
      await exited;
      alarm.stop();
    },
  };
}

/** After `close`, so that the last words are in the log. A program that does not start at all never says that it has ended. */
async function exitOf(child: ReturnType<typeof spawn>): Promise<ServerExit> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { code, signal };
  } catch {
    return { code: 127, signal: null };
  }
}

function endGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // All of them have ended.
  }
}

/** When the machine runs out of memory, the kernel is to take the server and not us (proc(5), `oom_score_adj`; Linux only). */
function sacrificeFirst(pid: number): void {
  writeFile(`/proc/${pid}/oom_score_adj`, '1000').catch(() => undefined);
}
