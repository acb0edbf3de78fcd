/** One dump into the servers that load such a dump, one after another, until one holds all of it. */
import type { Census } from '../domain/census.ts';
import type { Clock } from '../domain/clock.ts';
import type { Demand, Finding } from './assertions.ts';
import type { Candidate, Choice, PassedOver } from './choose-server.ts';
import { differences, keysOf } from './compare.ts';
import { type DumpToLoad, expiringMembers } from './dump-to-load.ts';
import type { NoDump } from './fetch-dump.ts';
import { serverNeeded } from './hints.ts';
import { databasesFor, loadDump } from './load-dump.ts';
import type { DrillStep, ServerTrial } from './report.ts';
import { memoryShortage } from './resources.ts';
import type { ModulesOf } from './server-modules.ts';
import type { ChildEnvironment, ServerProgram } from './server-program.ts';
import { isFailure, reasonOf } from './verdict.ts';

/** What came of one server; of which file, whoever asks knows. */
export type Trial = Omit<ServerTrial, 'file'>;

export type LoadedFile = Loaded & {
  readonly trials: readonly Trial[];
  /** Of what the cloud encrypted: by which layout it opened. */
  readonly opened?: string;
};

export type FileDrill = LoadedFile | (Stopped & { readonly trials: readonly Trial[] });

interface Loaded {
  readonly kind: 'loaded';
  readonly server: string;
  readonly census: Census;
  /** That the server held. */
  readonly loaded: number;
  readonly loadMs: number;
  readonly findings: readonly Finding[];
}

interface Stopped extends NoDump {
  readonly kind: 'stopped';
  readonly server?: string;
  /** The type of a module that the server lacked. */
  readonly module?: string;
  /** The server that said so is older than the writer, or no descendant of it. */
  readonly byStranger?: boolean;
}

export interface LoadPorts {
  readonly modulesOf: ModulesOf;
  readonly clock: Clock;
  readonly environment: ChildEnvironment;
  readonly tell: DrillStep;
}

export interface Load {
  readonly dump: DumpToLoad;
  readonly census: Census;
  readonly demands: readonly Demand[];
  readonly folder: string;
  /** Bytes that were free before the dump was fetched. */
  readonly memory: number;
}

/** A server that holds what the dump holds ends it. Else the first that says something against the dump is believed, else the first of all. */
export async function loadIntoOne(
  { candidates, passedOver }: Choice,
  load: Load,
  ports: LoadPorts,
  signal: AbortSignal,
): Promise<FileDrill> {
  const trials: Trial[] = [];
  const notAsked = passedOver.map(notAskedOf);
  let believed: Stopped | undefined;
  for (const candidate of candidates) {
    const { last, said, ...attempt } = await tryOne(candidate, load, ports, signal);
    trials.push(trialOf(candidate, attempt, said));
    if (attempt.kind === 'loaded') return { ...attempt, trials: [...trials, ...notAsked] };
    const counts = believed === undefined || (isFailure(attempt.reason) && !isFailure(believed.reason));
    if (counts) believed = attempt;
    if (last) break;
  }
  const stopped = believed ?? nobodyLoads(passedOver);
  const { module, byStranger = false, ...why } = stopped;
  const hint = serverNeeded(why.reason, load.dump, {
    strangerAsked: byStranger,
    ...(module !== undefined && { module }),
  });
  return { ...why, ...(hint !== undefined && { hint }), trials: [...trials, ...notAsked] };
}

/** `last`: no other server would do better. `said`: the server's own line. */
type Attempt = (Loaded | Stopped) & { readonly last?: boolean; readonly said?: string };

async function tryOne(
  { program, relaxed, stranger }: Candidate,
  { dump, census, demands, folder, memory }: Load,
  { clock, environment, tell, modulesOf }: LoadPorts,
  signal: AbortSignal,
): Promise<Attempt> {
  const shortage = memoryShortage(census, program, databasesFor(dump, demands), memory);
  if (shortage !== undefined) return { kind: 'stopped', reason: 'no-memory', detail: shortage };
  const onProgress = (share: number): void => tell({ what: `loading into ${program.name}`, share });
  const options = { program, relaxed, folder, dump, census, demands, environment, clock, signal, onProgress };
  const result = await loadDump(options);
  const { name: server } = program;
  if (result.kind === 'not-loaded') {
    const { objection, detail, said, module } = result;
    const more = { ...(said !== undefined && { said }), ...(module !== undefined && { module }) };
    if (objection === 'crash' && !(await startsEmpty(program, modulesOf, signal))) {
      const always = `${detail}; it does not answer without a dump either`;
      return { kind: 'stopped', reason: 'server-failed', detail: always, server, ...more };
    }
    const last = objection === 'slow' || objection === 'memory';
    const reason = reasonOf(objection, stranger, census);
    const byStranger = stranger !== undefined;
    return { kind: 'stopped', reason, detail, server, last, byStranger, ...more };
  }
  const { ending } = census;
  const keys = keysOf(result.loaded);
  if (ending.kind === 'damaged') {
    const detail = `${server} loaded ${keys} keys, and nobody can tell whether that is all: ${ending.detail} at byte ${ending.offset}`;
    return { kind: 'stopped', reason: 'not-understood', detail, server, last: true };
  }
  const ofMembers = program.product === 'KeyDB' ? expiringMembers(census) : 0;
  const [difference, ...more] = differences(census, result.loaded, ofMembers);
  if (difference !== undefined) {
    const detail = `${server}: ${difference}${more.length > 0 ? ` (and ${more.length} more)` : ''}`;
    const byStranger = stranger !== undefined;
    return { kind: 'stopped', reason: stranger ?? 'keys-differ', detail, server, byStranger };
  }
  const { loadMs, findings } = result;
  return { kind: 'loaded', server, census, loaded: keys, loadMs, findings };
}

/** One whose modules nobody can ask for is not held to start: a crash is the dump's only where the server lives without it. */
async function startsEmpty(
  program: ServerProgram,
  modulesOf: ModulesOf,
  signal: AbortSignal,
): Promise<boolean> {
  return (await modulesOf(program, signal)) !== undefined;
}

function trialOf({ program, relaxed, why }: Candidate, attempt: Loaded | Stopped, said?: string): Trial {
  const outcome =
    attempt.kind === 'loaded'
      ? { result: 'loaded' as const, detail: why }
      : { result: attempt.reason, detail: attempt.detail };
  const { name: server, path } = program;
  return { server, path, relaxed, ...outcome, ...(said !== undefined && { said }) };
}

function notAskedOf({ program: { name: server, path }, why }: PassedOver): Trial {
  return { server, path, relaxed: false, result: 'passed-over', detail: why };
}

/** Where slots move, none would do; else one that only lacks a module is nearer than one that is too old, and that one nearer than a stranger. */
function nobodyLoads(passedOver: readonly PassedOver[]): Stopped {
  const reasons = passedOver.map(({ reason }) => reason);
  const nearest = (['slots-moving', 'module-missing', 'server-too-old'] as const).find((reason) =>
    reasons.includes(reason),
  );
  const detail = passedOver.map(({ why }) => why).join('; ');
  return { kind: 'stopped', reason: nearest ?? 'other-family', detail };
}
