/** What lies in the destination: archives as rows, each as soon as its manifest was read. */

import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { isWanted, oldestFirst, sourcesOf } from '../catalog/each-archive.ts';
import type { ManifestIndex } from '../catalog/index/manifest-index.ts';
import { listedManifests } from '../catalog/listed-manifests.ts';
import { worstOf } from '../domain/exit-code.ts';
import { type Each, type Listing, type Problem, rowsFor } from '../domain/listing.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { ArchiveItem } from './report.ts';

export interface ArchivesPorts {
  readonly catalog: Catalog;
  readonly index: ManifestIndex;
}

export interface ArchivesRequest {
  readonly instanceId?: string | undefined;
  /** Told each archive as it comes; all are in the answer where absent. */
  readonly each?: Each<ArchiveItem>;
}

/** Manifests are small: reading them is all latency. */
const MANIFESTS_AT_ONCE = 16;

/** Told one by one; the rest is counted. */
const PROBLEMS_TOLD = 100;

/** Every archive, oldest first, by its manifest. Memory is that of some days of archives, whatever their number. */
export async function listArchives(
  ports: ArchivesPorts,
  { instanceId, each }: ArchivesRequest,
  signal: AbortSignal,
): Promise<Listing<ArchiveItem>> {
  const { catalog } = ports;
  const rows = rowsFor(each);
  const problems: Problem[] = [];
  const codes = new Set<number>();
  let untold = 0;
  const sources = new Map((await sourcesOf(catalog, { signal })).map((source) => [source, undefined]));
  const entries = oldestFirst(catalog, sources, ({ ref }) => isWanted({ instanceId }, ref), { signal });
  const options = { atOnce: MANIFESTS_AT_ONCE, complete: instanceId === undefined, signal };
  for await (const { entry, read } of listedManifests(entries, ports, options)) {
    if (read instanceof Error) {
      codes.add(read.exit);
      if (problems.length < PROBLEMS_TOLD) problems.push({ message: read.message, hint: read.hint });
      else untold += 1;
    }
    // Undefined: removed since it was listed.
    else if (read) await rows.tell(archiveItem(entry, read.manifest));
  }
  if (untold > 0)
    problems.push({
      message: `${untold} more manifests could not be read`,
      hint: '`rdb-archiver verify --quick` tells each of them.',
    });
  return { items: rows.items, problems, exitCode: worstOf(codes) };
}

function archiveItem({ key }: CatalogEntry, manifest: Manifest): ArchiveItem {
  const { source, instance, backup, files, archivedAt } = manifest;
  return {
    source: source.name,
    region: source.region,
    api: source.api,
    instanceId: instance.id,
    instanceName: instance.name,
    backupId: backup.id,
    startedAt: backup.startedAt,
    archivedAt,
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    manifest: key,
  };
}
