/** One file of an archive out of the bucket onto the disk, proved and counted on the way. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openArchivedFile, type ReadPorts } from '../catalog/archived-file.ts';
import type { Access } from '../catalog/backup-access.ts';
import type { Census } from '../domain/census.ts';
import type { Clock } from '../domain/clock.ts';
import { asArchiverError } from '../domain/errors.ts';
import type { ManifestFile } from '../domain/manifest.ts';
import { tapped } from '../integrity/taps.ts';
import { censusTap, type DumpFormat } from '../rdb/census.ts';
import type { DrillReason, DrillStep } from './report.ts';
import { SCRATCH_FILES, type Scratch } from './scratch.ts';

export interface FetchPorts {
  readonly reading: ReadPorts;
  readonly clock: Clock;
  readonly tell: DrillStep;
}

/** One file of an archive, and whether it can be looked into. */
export interface FileToFetch {
  readonly file: ManifestFile;
  readonly access: Access;
}

/** A dump that lies in the folder, and what is in it. */
export interface FetchedDump {
  readonly census: Census;
  readonly format: DumpFormat;
  /** Of what the cloud encrypted: by which layout it opened. */
  readonly opened?: string;
}

/** Why there is no dump to load. */
export interface NoDump {
  readonly reason: DrillReason;
  readonly detail: string;
  /** What to do, where whoever failed knew better than the reason says. */
  readonly hint?: string;
}

/** The dump's bytes are those that the manifest says. Rejects with the signal's reason, or when the destination cannot be reached at all. */
export async function fetchDump(
  { file, access }: FileToFetch,
  scratch: Scratch,
  { reading, clock, tell }: FetchPorts,
  signal: AbortSignal,
): Promise<FetchedDump | NoDump> {
  const census = censusTap({ asOf: clock.now() });
  try {
    const archived = await openArchivedFile(file, reading, {
      signal,
      ...(access.kind === 'unlocked' && { unlock: access.unlock }),
    });
    if (!archived) return { reason: 'damaged', detail: `${file.key} is not there` };
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
    if (verdict.result !== 'ok')
      return { reason: verdict.result === 'not-opened' ? 'not-opened' : 'damaged', detail: verdict.detail };
    const layout = archived.opened()?.layout;
    return {
      census: census.result(),
      format: census.format(),
      ...(layout !== undefined && { opened: layout }),
    };
  } catch (thrown) {
    signal.throwIfAborted();
    return stoppedBy(thrown, scratch);
  }
}

function stoppedBy(thrown: unknown, { folder }: Scratch): NoDump {
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC')
    return { reason: 'no-space', detail: `there is no room left in ${folder}` };
  const error = asArchiverError(thrown);
  if (error.code === 'internal' || error.code === 'store-unreachable') throw error;
  const reason =
    error.code === 'archive-damaged' ? 'damaged' : error.code === 'not-opened' ? 'not-opened' : 'unreadable';
  return { reason, detail: error.message, hint: error.hint };
}
