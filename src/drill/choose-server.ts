/** Which of the servers at hand a dump is loaded into, in which order, and why not into the others. Pure. */
import { serverName } from '../domain/rdb-magic.ts';
import { type Compatibility, compatibility, hasMovingSlots } from './compatibility.ts';
import type { DumpToLoad } from './dump-to-load.ts';
import type { ServerProgram } from './server-program.ts';
import { compareVersions, lastAsked } from './server-table.ts';

export interface ServerAtHand extends ServerProgram {
  /** By their names in `MODULE LIST`; absent where nobody has asked. */
  readonly modules?: readonly string[];
}

/** Why what a server says against a dump says nothing of the dump. */
export type Stranger =
  /** It does not descend from the server that wrote it. */
  | 'other-family'
  /** It is older than that one. */
  | 'server-too-old';

export interface Candidate {
  readonly program: ServerProgram;
  /** Whether it has to be told to load a version of the format that is not its own. */
  readonly relaxed: boolean;
  /** Absent where its word counts. */
  readonly stranger?: Stranger;
  readonly why: string;
}

export interface PassedOver {
  readonly program: ServerProgram;
  readonly reason: Stranger | 'module-missing' | 'slots-moving';
  readonly why: string;
}

export interface Choice {
  /** Best first. */
  readonly candidates: readonly Candidate[];
  readonly passedOver: readonly PassedOver[];
}

/** Up to this version both families have one format: Valkey and Redict were forked from Redis 7.2.4. */
const COMMON_VERSION = 11;
const PRODUCTS = { redis: 'Redis', valkey: 'Valkey' } as const;
const BUT: Readonly<Record<Stranger, string>> = {
  'other-family': 'but is of another family',
  'server-too-old': 'but is older',
};

/** The order is that of the servers, but that those come first whose word counts, and last those that have to be told to be lenient. */
export function chooseServers(dump: DumpToLoad, servers: readonly ServerAtHand[]): Choice {
  const candidates: Candidate[] = [];
  const passedOver: PassedOver[] = [];
  for (const { modules, ...program } of servers) {
    if (!dump.known && lastAsked(program.product) !== undefined) {
      const why = `${program.name} does not know how the dump begins`;
      passedOver.push({ program, reason: 'other-family', why });
      continue;
    }
    const fits = compatibility(dump, { ...program, ...(modules && { modules }) });
    const stranger = strangerTo(dump, program);
    if (fits.kind === 'cannot') {
      passedOver.push({ program, reason: unfitness(dump, program), why: fits.why });
      continue;
    }
    candidates.push({
      program,
      relaxed: fits.kind === 'loads-relaxed',
      ...(stranger && { stranger }),
      why: reasonFor(dump, fits, stranger),
    });
  }
  return { candidates: candidates.sort((left, right) => rank(left) - rank(right)), passedOver };
}

/** Undefined where the server descends from the one that wrote the dump and is as new. */
export function strangerTo({ writer, version }: DumpToLoad, server: ServerProgram): Stranger | undefined {
  const { family = 'redis', serverVersion } = writer;
  if (family === 'redis' && server.product === PRODUCTS.valkey)
    return version <= COMMON_VERSION ? undefined : 'other-family';
  if (server.product !== PRODUCTS[family]) return 'other-family';
  const older = serverVersion !== undefined && compareVersions(server.version, serverVersion) < 0;
  return older ? 'server-too-old' : undefined;
}

/** Why a server is passed over that does not load it. */
function unfitness(dump: DumpToLoad, program: ServerProgram): PassedOver['reason'] {
  if (hasMovingSlots(dump)) return 'slots-moving';
  if (compatibility({ ...dump, modules: [] }, program).kind !== 'cannot') return 'module-missing';
  return program.product === PRODUCTS[dump.family] ? 'server-too-old' : 'other-family';
}

function rank({ relaxed, stranger }: Candidate): number {
  if (relaxed) return 3;
  if (stranger === 'other-family') return 2;
  return stranger === 'server-too-old' ? 1 : 0;
}

function reasonFor(dump: DumpToLoad, fits: Compatibility, stranger: Stranger | undefined): string {
  const loads = `it loads dumps of ${serverName(dump.writer) ?? `RDB version ${dump.version}`}`;
  if (fits.kind === 'loads-relaxed') return `${loads} with rdb-version-check relaxed`;
  return stranger === undefined ? loads : `${loads}, ${BUT[stranger]}`;
}
