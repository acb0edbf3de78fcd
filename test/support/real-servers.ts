/** The real servers in the path, of whatever product and version: what they are, whether they load a dump, what memory they take. */
import { execFileSync } from 'node:child_process';
import { readdirSync, realpathSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { type LoadedDatabase, readKeyspace } from '../../src/drill/compare.ts';
import { SCRATCH_FILES } from '../../src/drill/scratch.ts';
import { openLink } from '../../src/drill/server-link.ts';
import { serverOptions } from '../../src/drill/server-process.ts';
import { serverIdentity } from '../../src/drill/server-program.ts';
import { startCommand } from './command.ts';

/** Those that `test/support/servers` unpacks. */
export const PINNED_SERVERS: readonly string[] = [
  'redis-server-6.2',
  'redis-server-7.4',
  'redis-server-7.4-modules',
  'redis-server-7.4-stack',
  'redis-server-8.2',
  'valkey-server-8.1',
  'valkey-server-9.1',
];

export interface RealServer {
  /** Of the program, for instance `redis-server-7.4-stack`. */
  readonly name: string;
  readonly path: string;
  readonly product: string;
  readonly version: string;
}

const PROGRAM = /^(redis|valkey|redict|keydb)-server(-[\w.-]+)?$/;
const signal = new AbortController().signal;

/** Each once, though several names may lead to it. */
export function realServers(): RealServer[] {
  const found = new Map<string, RealServer>();
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute))
    for (const name of programsIn(folder)) {
      const path = join(folder, name);
      const file = realpathSync(path);
      if (!found.has(file)) found.set(file, { name, path, ...identity(path) });
    }
  return [...found.values()];
}

/** What it holds when it has loaded the dump as a drill has it done; `refuses` where it ends instead. */
export async function load(
  server: RealServer,
  dump: Uint8Array,
  options: readonly string[] = [],
): Promise<readonly LoadedDatabase[] | 'refuses'> {
  return withServer(server, { databases: 16, dump, options }, async (socket) => {
    const link = await openLink(socket);
    const keyspace = String(await link.ask(['INFO', 'keyspace'], signal));
    link.close();
    return readKeyspace(keyspace);
  });
}

/** Bytes of memory that it takes with so many databases, all of them empty. */
export async function memoryOf(server: RealServer, databases: number): Promise<number> {
  const bytes = await withServer(server, { databases }, async (_, pid) => {
    const [, kibibytes] = /^VmRSS:\s*(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kibibytes) * 1024;
  });
  if (bytes === 'refuses') throw new Error(`${server.name} does not start with ${databases} databases`);
  return bytes;
}

interface Start {
  readonly databases: number;
  readonly dump?: Uint8Array;
  readonly options?: readonly string[];
}

async function withServer<Result>(
  { path }: RealServer,
  { databases, dump, options = [] }: Start,
  use: (socket: string, pid: number) => Promise<Result>,
): Promise<Result | 'refuses'> {
  const folder = await mkdtemp(join(tmpdir(), 'archiver-server-'));
  if (dump) await writeFile(join(folder, SCRATCH_FILES.dump), dump);
  const { child, said, result } = startCommand([...serverOptions({ folder, databases }), ...options], {
    cwd: folder,
    program: [path],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  try {
    const ready = said(/ready to accept connections/i);
    const started = await ready.then(
      () => true,
      () => false,
    );
    return started ? await use(join(folder, SCRATCH_FILES.socket), child.pid ?? 0) : 'refuses';
  } finally {
    child.kill('SIGKILL');
    await result;
    await rm(folder, { recursive: true });
  }
}

function programsIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => PROGRAM.test(name));
  } catch {
    // Many a path names folders that are not there.
    return [];
  }
}

function identity(path: string): Pick<RealServer, 'product' | 'version'> {
  const found = serverIdentity(execFileSync(path, ['--version'], { encoding: 'utf8' }));
  if (found === undefined) throw new Error(`${path} does not say what it is`);
  return { product: found.product, version: found.version };
}
