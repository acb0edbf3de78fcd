/** Finds the server that archives are loaded into, and asks it who it is. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ArchiverError } from '../domain/errors.ts';

export interface ServerProgram {
  readonly path: string;
  /** `Redis 7.0.15`, `Valkey 8.1.1` */
  readonly name: string;
}

/** What programs of ours may see of the environment: nothing that is secret. */
export interface ChildEnvironment {
  /** Where a start script finds what it calls, as `PATH` says it. */
  readonly searchPath: string;
}

const NAMES = ['redis-server', 'valkey-server'];
const HINT =
  'Install Redis or Valkey (for instance `apt-get install redis-server`), use the image made for drills (docs/drill.md), or name the program: --server, ARCHIVER_DRILL_SERVER.';
const ANSWER_WITHIN_MS = 10_000;

/** Variables for a child: enough to start, and no key or token of ours. */
export function childVariables({ searchPath }: ChildEnvironment): Record<string, string> {
  return { PATH: searchPath, LC_ALL: 'C' };
}

/**
 * The servers to try, best first; at least one. `given` is a path or a name and then the only one. Rejects with `not-drillable` where
 * there is none, and with `config` where the given one is none.
 */
export async function findServers(
  given: string | undefined,
  environment: ChildEnvironment,
  signal: AbortSignal,
): Promise<ServerProgram[]> {
  if (given !== undefined) {
    const path = locate(given, environment);
    if (path === undefined)
      throw new ArchiverError('config', `there is no program ${given} to load archives into`, { hint: HINT });
    return [await identify(path, environment, signal)];
  }
  const paths = NAMES.map((name) => locate(name, environment)).filter((path) => path !== undefined);
  if (paths.length === 0)
    throw new ArchiverError('not-drillable', 'no redis-server and no valkey-server was found in PATH', {
      hint: HINT,
    });
  return Promise.all(paths.map((path) => identify(path, environment, signal)));
}

/** `Redis server v=7.0.15 sha=…`; the first word is the product's. Undefined for what no server says. */
export function serverName(answer: string): string | undefined {
  const [, product, version] = /^(\S+) server v=(\d+(?:\.\d+)*)/m.exec(answer) ?? [];
  return product === undefined ? undefined : `${product} ${version}`;
}

async function identify(
  path: string,
  environment: ChildEnvironment,
  signal: AbortSignal,
): Promise<ServerProgram> {
  const options = { env: childVariables(environment), timeout: ANSWER_WITHIN_MS, signal };
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], options);
    const name = serverName(stdout);
    if (name !== undefined) return { path, name };
  } catch (cause) {
    signal.throwIfAborted();
    throw new ArchiverError('config', `${path} does not start`, { cause, hint: HINT });
  }
  throw new ArchiverError('config', `${path} is neither redis-server nor valkey-server`, { hint: HINT });
}

/** A name is looked up as a shell does; anything with a slash is a path. */
function locate(program: string, { searchPath }: ChildEnvironment): string | undefined {
  // It will be started in another folder.
  if (program.includes('/')) return isExecutable(program) ? resolve(program) : undefined;
  return searchPath
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
