/** Whether a server loads a dump, and which servers would: what follows from the table of servers. Pure. */
import {
  compareVersions,
  type DumpFamily,
  lastAsked,
  MODULE_TYPES,
  rowOf,
  SERVER_TABLE,
  type ServerRow,
  type VersionRange,
} from './server-table.ts';

/** What decides who can load a dump. */
export interface DumpNature {
  /** By its first bytes, whoever wrote it: Valkey 8 writes those of Redis. */
  readonly family: DumpFamily;
  /** Of the format: 12 of `REDIS0012`. */
  readonly version: number;
  /** Of the server that wrote it, where it says so. */
  readonly serverVersion?: string;
  /** The numbers of its values' types and of its opcodes, as they stand in it. */
  readonly types: readonly number[];
  /** The types of modules, of values and of data besides the keys: for instance `ReJSON-RL`. */
  readonly modules: readonly string[];
}

/** What decides which dumps a server can load. */
export interface ServerNature {
  /** `Redis`, `Valkey`: the first word of its answer to `--version`. */
  readonly product: string;
  readonly version: string;
  /** By their names in `MODULE LIST`, those that are built in or not. Absent where nobody has asked: then none is held to be lacking. */
  readonly modules?: readonly string[];
}

export type Compatibility =
  /** The second with `--rdb-version-check relaxed` only. */
  | { readonly kind: 'loads' | 'loads-relaxed' }
  /** It would refuse, which says nothing of the dump. */
  | { readonly kind: 'cannot'; readonly why: string };

const NAMES: Readonly<Record<DumpFamily, string>> = { redis: 'Redis', valkey: 'Valkey' };
const FIRST_OPCODE = 200;
const SLOT_IMPORT = 243;
/** Up to this type, and from this opcode on, both families mean the same; in a dump of Redis, Valkey refuses what lies between. */
const IN_BOTH_FAMILIES = { newestType: 21, lowestOpcode: 244 } as const;

/**
 * Where nothing is known that speaks against it, for instance of a server newer than all that were asked, the answer is `loads`: a
 * server that is asked in vain says why, one that is never asked says nothing.
 */
export function compatibility(dump: DumpNature, server: ServerNature): Compatibility {
  const name = `${server.product} ${server.version}`;
  const last = lastAsked(server.product);
  if (last === undefined) return { kind: 'loads' };
  const row = rowOf(server.product, server.version);
  if (row === undefined) return { kind: 'cannot', why: `${name} is too old for a drill` };
  // Not even a newer one is asked: they load in cluster mode only, and how a server fails on them elsewhere would look like the dump's fault.
  if (hasMovingSlots(dump) && server.product === NAMES.valkey)
    return { kind: 'cannot', why: `${name} loads slots that were on their way only as a node of a cluster` };

  const own = dump.family === familyOf(server.product);
  const mayKnowMore = own && compareVersions(server.version, last) > 0;
  const { version, family } = dump;
  const strictly =
    includes(row.loads[family], version) || (mayKnowMore && isBeyond(row.loads[family], version));
  const relaxed = includes(row.relaxed?.[family], version);
  const why =
    strictly || relaxed
      ? ((mayKnowMore ? undefined : unknownIn(dump, own ? row : IN_BOTH_FAMILIES)) ??
        lackingFor(dump, row, server))
      : versionObstacle(dump, row);
  if (why !== undefined) return { kind: 'cannot', why: `${name} ${why}` };
  return { kind: strictly ? 'loads' : 'loads-relaxed' };
}

/** Which servers would load it, in words: `Redis 7.4 or newer, with the module bf`. Those that read its version as their own come first. */
export function whoLoads(dump: DumpNature): string {
  const own = NAMES[dump.family];
  const strictly = oldestOf(dump, 'loads');
  const leniently = oldestOf(dump, 'loads-relaxed').filter(({ product }) =>
    strictly.every((row) => row.product !== product),
  );
  const servers = [
    ...(strictly.some(({ product }) => product === own) ? [] : [`a newer ${own} than ${lastAsked(own)}`]),
    ...strictly.map(({ product, since }) => `${product} ${since} or newer`),
    ...leniently.map(
      ({ product, since }) => `${product} ${since} or newer told to be lenient (rdb-version-check relaxed)`,
    ),
  ];
  const modules = modulesOf(dump).filter((module) => module !== 'vectorset');
  const withModules = modules.length === 0 ? '' : `, with the module ${modules.join(', ')}`;
  return `${servers.join(', or ')}${withModules}`;
}

/** Of each product the oldest that takes it in this way. */
function oldestOf(dump: DumpNature, kind: Compatibility['kind']): ServerRow[] {
  return Object.values(NAMES).flatMap((product) => {
    const rows = SERVER_TABLE.filter((row) => row.product === product);
    const oldest = rows.find(({ since }) => compatibility(dump, { product, version: since }).kind === kind);
    return oldest === undefined ? [] : [oldest];
  });
}

/** Whether slots of a cluster were on their way when it was written (Valkey 9.0, `cluster_migrateslots.c`). */
export function hasMovingSlots({ family, types }: DumpNature): boolean {
  return family === 'valkey' && types.includes(SLOT_IMPORT);
}

/** Bytes that `--databases` takes for each; the most that any server takes where nothing is known of this one. */
export function bytesPerDatabase({ product, version }: ServerNature): number {
  return (
    rowOf(product, version)?.bytesPerDatabase ?? Math.max(...SERVER_TABLE.map((row) => row.bytesPerDatabase))
  );
}

/** Whose types and versions it reads as its own: everybody's but Valkey's are Redis'. */
function familyOf(product: string): DumpFamily {
  return product === 'Valkey' ? 'valkey' : 'redis';
}

function includes(range: VersionRange | undefined, version: number): boolean {
  return range !== undefined && version >= range[0] && version <= range[1];
}

function isBeyond(range: VersionRange | undefined, version: number): boolean {
  return range !== undefined && version > range[1];
}

function versionObstacle(
  { family, version, serverVersion }: DumpNature,
  { loads, relaxed }: ServerRow,
): string {
  return loads[family] === undefined && relaxed?.[family] === undefined
    ? `loads no dump of ${NAMES[family]} ${serverVersion ?? `(RDB version ${version})`}`
    : `does not read RDB version ${version} of ${NAMES[family]}`;
}

function unknownIn(
  { types, family }: DumpNature,
  { newestType, lowestOpcode }: Pick<ServerRow, 'newestType' | 'lowestOpcode'>,
): string | undefined {
  const unknown = types.find((type) => type > newestType && type < lowestOpcode);
  if (unknown === undefined) return undefined;
  return `does not load ${unknown < FIRST_OPCODE ? 'type' : 'opcode'} ${unknown} of ${NAMES[family]}`;
}

/** Vector sets are built in or not to be had; of other modules only a server tells that was asked. */
function lackingFor(dump: DumpNature, row: ServerRow, { modules }: ServerNature): string | undefined {
  const there = [...(row.modules ?? []), ...(modules ?? [])];
  const lacking = modulesOf(dump).filter(
    (module) =>
      !there.includes(module) &&
      (module === 'vectorset' || (modules !== undefined && MODULE_TYPES.has(module))),
  );
  if (lacking.length > 0) return `lacks the module ${lacking.join(', ')}`;
  return hasNewerVectorSets(dump, row)
    ? `does not read the vector sets of Redis ${dump.serverVersion}`
    : undefined;
}

function hasNewerVectorSets({ modules, serverVersion }: DumpNature, { vectorSetsUpTo }: ServerRow): boolean {
  return (
    modules.includes('vectorset') &&
    vectorSetsUpTo !== undefined &&
    serverVersion !== undefined &&
    compareVersions(serverVersion, vectorSetsUpTo) > 0
  );
}

/** By the module's name where it is known, else by the type's. */
function modulesOf({ modules }: DumpNature): string[] {
  const known = [...MODULE_TYPES];
  return [...new Set(modules.map((type) => known.find(([, types]) => types.includes(type))?.[0] ?? type))];
}
