/** What lies in the destination: archives as rows. */

import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { archivesOf, eachEntry, orExplain } from '../catalog/each-archive.ts';
import { compareText } from '../domain/compare-text.ts';
import type { ArchiverError } from '../domain/errors.ts';
import { worstOf } from '../domain/exit-code.ts';
import type { Listing } from '../domain/listing.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { ArchiveItem } from './report.ts';

/** Manifests are small: reading them is all latency. */
const MANIFESTS_AT_ONCE = 16;

/** Every archive, oldest first, from its manifest. */
export async function listArchives(
  catalog: Catalog,
  instanceId: string | undefined,
  signal: AbortSignal,
): Promise<Listing<ArchiveItem>> {
  const entries = await archivesOf(catalog, { instanceId }, signal);
  const items: ArchiveItem[] = [];
  const broken: ArchiverError[] = [];
  await eachEntry(entries, MANIFESTS_AT_ONCE, signal, async (entry, inner) => {
    const manifest = await orExplain(() => catalog.read(entry.key, { signal: inner }), inner);
    if (manifest instanceof Error) broken.push(manifest);
    // Undefined: removed since it was listed.
    else if (manifest) items.push(archiveItem(entry, manifest));
  });
  const codes = new Set(broken.map((error) => error.exit));
  return {
    items: items.sort(byStart),
    problems: broken.map(({ message, hint }) => ({ message, hint })),
    exitCode: worstOf(codes),
  };
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

function byStart(
  left: { startedAt: string; instanceId: string },
  right: { startedAt: string; instanceId: string },
): number {
  return compareText(left.startedAt, right.startedAt) || compareText(left.instanceId, right.instanceId);
}
