/** One file of an archive through a drill: out of the bucket onto the disk, proved and counted on the way, then into a server. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openArchivedFile, type ReadPorts } from '../catalog/archived-file.ts';
import type { Census } from '../domain/census.ts';
import type { Clock } from '../domain/clock.ts';
import { asArchiverError } from '../domain/errors.ts';
import type { ManifestFile } from '../domain/manifest.ts';
import { tapped } from '../integrity/taps.ts';
import { censusTap } from '../rdb/census.ts';
import type { Demand, Finding } from './assertions.ts';
import { loadDump } from './load-dump.ts';
import type { DrillReason, DrillStep } from './report.ts';
import { availableMemory, memoryShortage, spaceShortage } from './resources.ts';
import { openScratch, SCRATCH_FILES, type Scratch } from './scratch.ts';
import type { ChildEnvironment, ServerProgram } from './server-program.ts';

export type FileDrill =
  | {
      readonly kind: 'loaded';
      readonly server: string;
      readonly census: Census;
      /** That the server held. */
      readonly loaded: number;
      readonly loadMs: number;
      readonly findings: readonly Finding[];
    }
  | {
      readonly kind: 'stopped';
      readonly reason: DrillReason;
      readonly detail: string;
      /** What to do, where whoever failed knew better than the reason says. */
      readonly hint?: string;
      readonly server?: string;
    };

export interface FileDrillPorts {
  readonly reading: ReadPorts;
  readonly clock: Clock;
  readonly environment: ChildEnvironment;
  /** Where the private folder is made; the system's own where absent. */
  readonly directory?: string;
  readonly tell: DrillStep;
}

/** Rejects with the signal's reason, or when the destination cannot be reached at all. */
export async function drillFile(
  file: ManifestFile,
  /** Best first. */
  servers: readonly ServerProgram[],
  demands: readonly Demand[],
  ports: FileDrillPorts,
  signal: AbortSignal,
): Promise<FileDrill> {
  const scratch = openScratch(ports.directory);
  try {
    // Before the download: what is read into the page cache would look taken.
    const memory = availableMemory();
    const shortage = spaceShortage(file.size, await scratch.free(), scratch.folder);
    if (shortage !== undefined) return { kind: 'stopped', reason: 'no-space', detail: shortage };
    const fetched = await fetchDump(file, scratch, ports, signal);
    if ('reason' in fetched) return fetched;
    const tooBig = memoryShortage(fetched, memory);
    if (tooBig !== undefined) return { kind: 'stopped', reason: 'no-memory', detail: tooBig };
    return await loadInto(servers, { census: fetched, folder: scratch.folder, demands }, ports, signal);
  } finally {
    scratch.remove();
  }
}

type Stopped = Extract<FileDrill, { kind: 'stopped' }>;

/** A server that is too old, or that lacks a module, is no verdict while there is another one to ask. */
async function loadInto(
  servers: readonly ServerProgram[],
  dump: { readonly census: Census; readonly folder: string; readonly demands: readonly Demand[] },
  ports: FileDrillPorts,
  signal: AbortSignal,
): Promise<FileDrill> {
  const { clock, environment, tell } = ports;
  let stopped: Stopped | undefined;
  for (const program of servers) {
    const onProgress = (share: number): void => tell({ what: `loading into ${program.name}`, share });
    const result = await loadDump({ ...dump, program, environment, clock, signal, onProgress });
    if (result.kind === 'loaded') return judged(result, dump.census, program);
    const { reason, detail } = result;
    stopped ??= { kind: 'stopped', reason, detail, server: program.name };
    if (reason !== 'server-too-old' && reason !== 'module-missing')
      return { kind: 'stopped', reason, detail, server: program.name };
  }
  return stopped ?? { kind: 'stopped', reason: 'server-failed', detail: 'there was no server to ask' };
}

function judged(
  result: Extract<Awaited<ReturnType<typeof loadDump>>, { kind: 'loaded' }>,
  census: Census,
  { name: server }: ServerProgram,
): FileDrill {
  const { ending } = census;
  if (ending.kind !== 'complete') {
    const detail = `${server} loaded ${result.keys} keys, and nobody can tell whether that is all: ${ending.detail} at byte ${ending.offset}`;
    return { kind: 'stopped', reason: 'not-understood', detail, server };
  }
  const [difference, ...more] = result.differences;
  if (difference !== undefined) {
    const detail = `${server}: ${difference}${more.length > 0 ? ` (and ${more.length} more)` : ''}`;
    return { kind: 'stopped', reason: 'keys-differ', detail, server };
  }
  const { keys: loaded, loadMs, findings } = result;
  return { kind: 'loaded', server, census, loaded, loadMs, findings };
}

/** The dump on disk and what is in it; or why there is none. */
async function fetchDump(
  file: ManifestFile,
  scratch: Scratch,
  { reading, clock, tell }: FileDrillPorts,
  signal: AbortSignal,
): Promise<Census | Stopped> {
  const census = censusTap({ asOf: clock.now() });
  try {
    const archived = await openArchivedFile(file, reading, { signal });
    if (!archived) return { kind: 'stopped', reason: 'damaged', detail: `${file.key} is not there` };
    let position = 0;
    const handle = await open(join(scratch.folder, SCRATCH_FILES.dump), 'wx', 0o600);
    try {
      for await (const chunk of tapped(archived.body, [census])) {
        await handle.writeFile(chunk);
        position += chunk.byteLength;
        tell({ what: 'fetching the dump', share: file.size === 0 ? 1 : position / file.size });
      }
    } finally {
      await handle.close();
    }
    const verdict = archived.verdict();
    if (verdict.result !== 'ok') return { kind: 'stopped', reason: 'damaged', detail: verdict.detail };
    return census.result();
  } catch (thrown) {
    signal.throwIfAborted();
    return stoppedBy(thrown, scratch);
  }
}

function stoppedBy(thrown: unknown, { folder }: Scratch): Stopped {
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC')
    return { kind: 'stopped', reason: 'no-space', detail: `there is no room left in ${folder}` };
  const error = asArchiverError(thrown);
  if (error.code === 'internal' || error.code === 'store-unreachable') throw error;
  const reason = error.code === 'archive-damaged' ? 'damaged' : 'unreadable';
  return { kind: 'stopped', reason, detail: error.message, hint: error.hint };
}
