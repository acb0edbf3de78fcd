/** What lies in the destination: archives as rows, and the result of holding them against their manifests. */
import type { ReadPorts } from '../catalog/archived-file.ts';
import type { CatalogEntry } from '../catalog/catalog.ts';
import { isDamage, verifyArchive } from '../catalog/verify.ts';
import { compareText } from '../domain/compare-text.ts';
import { type ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { ArchiveItem, Listing, VerifyItem } from '../domain/listing.ts';
import type { Manifest } from '../domain/manifest.ts';
import { allOrFirstError } from './all-or-first-error.ts';
import { worstOf } from './exit-code.ts';
import type { RunPorts } from './run.ts';

/** Manifests are small: reading them is all latency. */
const MANIFESTS_AT_ONCE = 16;

/** Every archive, oldest first, from its manifest. */
export async function listArchives(
  ports: RunPorts,
  instanceId: string | undefined,
  signal: AbortSignal,
): Promise<Listing<ArchiveItem>> {
  const entries = await archivesOf(ports, { instanceId, backupId: undefined }, signal);
  const items: ArchiveItem[] = [];
  const broken: ArchiverError[] = [];
  await eachManifest(entries, ports, signal, MANIFESTS_AT_ONCE, async (entry, manifest) => {
    if (manifest instanceof Error) broken.push(manifest);
    else items.push(archiveItem(entry, manifest));
  });
  const codes = new Set(broken.map((error) => error.exit));
  return {
    items: items.sort(byStart),
    problems: broken.map(({ message, hint }) => ({ message, hint })),
    exitCode: worstOf(codes),
  };
}

/** Holds archives against their manifests. Finding nothing to verify is a failure: a check that quietly checks nothing reassures wrongly. */
export async function verify(
  ports: RunPorts,
  reading: ReadPorts,
  request: {
    readonly instanceId: string | undefined;
    readonly backupId: string | undefined;
    readonly quick: boolean;
  },
  signal: AbortSignal,
): Promise<Listing<VerifyItem>> {
  const entries = await archivesOf(ports, request, signal);
  const items: VerifyItem[] = [];
  await eachManifest(entries, ports, signal, ports.policy.concurrency, async ({ ref }, manifest, inner) => {
    const base = {
      source: ref.source,
      instanceId: ref.instanceId,
      backupId: ref.backupId,
      startedAt: ref.startedAt,
    };
    if (manifest instanceof Error) {
      const result = manifest.code === 'archive-damaged' ? 'bad-manifest' : 'unreadable';
      items.push({ ...base, result, detail: manifest.message, files: 0, bytesRead: 0 });
      return;
    }
    const found = await verifyArchive(manifest, reading, { quick: request.quick, signal: inner });
    const detail = found.result === 'ok' ? '' : found.detail;
    items.push({
      ...base,
      result: found.result,
      detail,
      files: manifest.files.length,
      bytesRead: found.bytesRead,
    });
  });
  const codes = new Set(items.map(({ result }) => (isDamage(result) ? 4 : result === 'ok' ? 0 : 3)));
  const problems = [];
  if (items.length === 0) {
    codes.add(3);
    problems.push({
      message: 'no archive was found to verify',
      hint: '`rdb-archiver list archives` shows what there is.',
    });
  }
  return { items: items.sort(byStart), problems, exitCode: worstOf(codes) };
}

async function archivesOf(
  ports: RunPorts,
  wanted: { readonly instanceId: string | undefined; readonly backupId: string | undefined },
  signal: AbortSignal,
): Promise<CatalogEntry[]> {
  const entries: CatalogEntry[] = [];
  for await (const entry of ports.catalog.entries(undefined, undefined, { signal })) {
    const { instanceId, backupId } = entry.ref;
    const fits =
      (wanted.instanceId ?? instanceId) === instanceId && (wanted.backupId ?? backupId) === backupId;
    if (fits) entries.push(entry);
  }
  return entries;
}

/** Reads each manifest and hands it on, or the error that says that it is none, or that it could not be read. */
async function eachManifest(
  entries: readonly CatalogEntry[],
  ports: RunPorts,
  signal: AbortSignal,
  atOnce: number,
  action: (entry: CatalogEntry, manifest: Manifest | ArchiverError, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const queue = entries.values();
  async function worker(inner: AbortSignal): Promise<void> {
    for (const entry of queue) {
      inner.throwIfAborted();
      const manifest = await readOrExplain(entry, ports, inner);
      if (manifest) await action(entry, manifest, inner);
    }
  }
  await allOrFirstError(signal, (inner) => Array.from({ length: atOnce }, () => worker(inner)));
}

/** Undefined for a manifest that was removed since it was listed. */
async function readOrExplain(
  entry: CatalogEntry,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Manifest | ArchiverError | undefined> {
  try {
    return await ports.catalog.read(entry.key, { signal });
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    // One that is damaged or withheld (cold storage, say) hides no other; a store that is not there, all of them.
    if (error.code === 'store-unreachable' || error.code === 'internal') throw error;
    return error;
  }
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
