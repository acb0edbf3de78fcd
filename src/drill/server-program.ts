/** Finds the servers that archives are loaded into, and asks each who it is. */
import { execFile } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ArchiverError } from '../domain/errors.ts';

export interface ServerProgram {
  readonly path: string;
  /** `Redis 7.0.15`, `Valkey 8.1.1` */
  readonly name: string;
  /** `Redis`, `Valkey`, `KeyDB`, `Redict`. */
  readonly product: string;
  /** `7.0.15` */
  readonly version: string;
}

/** What programs of ours may see of the environment: nothing that is secret. */
export interface ChildEnvironment {
  /** Where a start script finds what it calls, as `PATH` says it. */
  readonly searchPath: string;
}

/** The servers to choose from, each by path or name. */
export interface ServersWanted {
  /** These and no others. */
  readonly only?: readonly string[];
  /** Before those that are found by their usual names. */
  readonly first: readonly string[];
}

const NAMES = ['redis-server', 'valkey-server', 'keydb-server'];
const HINT =
  'Install Redis or Valkey (for instance `apt-get install redis-server`), use the image made for drills (docs/drill.md), or name the program: --server, ARCHIVER_DRILL_SERVERS.';
const ANSWER_WITHIN_MS = 10_000;

/** Variables for a child: enough to start, and no key or token of ours. */
export function childVariables({ searchPath }: ChildEnvironment): Record<string, string> {
  return { PATH: searchPath, LC_ALL: 'C' };
}

/**
 * The servers at hand, in the order of their names; at least one. Rejects with `config` where there is none, searched or named:
 * nothing was attempted, and whatever archive is asked for, this machine lacks what it takes. One that nobody named and that does not start is passed over while there are others.
 */
export async function findServers(
  { only, first }: ServersWanted,
  environment: ChildEnvironment,
  signal: AbortSignal,
): Promise<ServerProgram[]> {
  const named = distinct((only ?? first).map((program) => locateNamed(program, environment)));
  const usual = only === undefined ? NAMES.flatMap((name) => locate(name, environment) ?? []) : [];
  const found = distinct([...named, ...usual]).slice(named.length);
  const servers = await Promise.all(named.map((path) => identify(path, environment, signal)));
  const asked = await Promise.allSettled(found.map((path) => identify(path, environment, signal)));
  signal.throwIfAborted();
  for (const answer of asked) if (answer.status === 'fulfilled') servers.push(answer.value);
  if (servers.length > 0) return servers;
  const [broken] = asked;
  if (broken?.status === 'rejected') throw broken.reason;
  throw new ArchiverError('config', 'no redis-server, valkey-server or keydb-server was found in PATH', {
    hint: HINT,
  });
}

/** `Redis server v=7.0.15 sha=…`; the first word is the product's. Undefined for what no server says. */
export function serverIdentity(answer: string): Omit<ServerProgram, 'path'> | undefined {
  const [, product, version] = /^(\S+) server v=(\d+(?:\.\d+)*)/m.exec(answer) ?? [];
  if (product === undefined || version === undefined) return undefined;
  return { name: `${product} ${version}`, product, version };
}

async function identify(
  path: string,
  environment: ChildEnvironment,
  signal: AbortSignal,
): Promise<ServerProgram> {
  const options = { env: childVariables(environment), timeout: ANSWER_WITHIN_MS, signal };
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], options);
    const identity = serverIdentity(stdout);
    if (identity !== undefined) return { path, ...identity };
  } catch (cause) {
    signal.throwIfAborted();
    throw new ArchiverError('config', `${path} does not start`, { cause, hint: HINT });
  }
  throw new ArchiverError('config', `${path} is none of ${NAMES.join(', ')}`, { hint: HINT });
}

function locateNamed(program: string, environment: ChildEnvironment): string {
  const path = locate(program, environment);
  if (path !== undefined) return path;
  throw new ArchiverError('config', `there is no program ${program} to load archives into`, { hint: HINT });
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

/** Each program once, however many of its names there are. */
function distinct(paths: readonly string[]): string[] {
  const seen = new Set<string>();
  return paths.filter((path) => {
    const real = realpathSync(path);
    return !seen.has(real) && seen.add(real);
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
