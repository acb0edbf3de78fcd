/** Picks the one archive that a person means: by backup id, the newest, or the newest before a moment. */

import { ArchiverError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';

export interface ArchiveChoice {
  readonly instanceId: string;
  /** An id, or `latest`, which is what is meant where absent. */
  readonly backupId?: string;
  /** The newest archive whose backup was started then or before. */
  readonly at?: Instant;
  /** Only this source, configured or not; else the one that has archives of the instance. */
  readonly source?: string;
}

/** What a command calls the newest. */
const LATEST = 'latest';

/**
 * Only a manifest proves an archive. One that is damaged or withheld is told (`archive-damaged`, or what the store says) and never passed
 * over for an older one: whoever asks for the newest must know that this is not it. Rejects with `usage`, `unknown-instance`, `unknown-backup`.
 */
export async function findArchive(
  catalog: Catalog,
  choice: ArchiveChoice,
  signal: AbortSignal,
): Promise<Manifest> {
  const { instanceId, at } = choice;
  const backupId = choice.backupId === LATEST ? undefined : choice.backupId;
  if (backupId !== undefined && at !== undefined)
    throw new ArchiverError('usage', 'a backup was named, and a time to find one by', {
      hint: 'Give one of the two.',
    });
  const source = choice.source ?? (await onlyHolder(catalog, instanceId, signal));
  for await (const entry of catalog.newestFirst(source, instanceId, { signal, ...(at && { until: at }) })) {
    if (backupId !== undefined && entry.ref.backupId !== backupId) continue;
    const manifest = await readTelling(catalog, entry, signal);
    // Undefined: removed since it was listed.
    if (manifest) return manifest;
  }
  throw await notFound(
    catalog,
    { instanceId, source, ...(backupId && { backupId }), ...(at && { at }) },
    signal,
  );
}

/** The source that has archives of the instance: mostly told by one small listing of dumps in each. */
async function onlyHolder(catalog: Catalog, instanceId: string, signal: AbortSignal): Promise<string> {
  const sources = await sourcesOf(catalog, signal);
  const holding = async (holds: (source: string) => Promise<boolean>): Promise<string[]> => {
    const answers = await Promise.all(sources.map(holds));
    return sources.filter((_, index) => answers[index]);
  };
  let holders = await holding(
    async (source) => (await catalog.oldest(source, instanceId, { signal })) !== undefined,
  );
  // A mistyped id; or all its dumps were deleted, and then the catalog's every day is worth a look: that must be called damage.
  if (holders.length === 0)
    holders = await holding(async (source) => {
      for await (const _ of catalog.newestFirst(source, instanceId, { signal })) return true;
      return false;
    });
  const [holder, other] = holders;
  if (holder === undefined) throw unknownInstance(`no archive of ${instanceId} is in the destination`);
  if (other !== undefined)
    throw new ArchiverError(
      'usage',
      `several sources have archives of ${instanceId}: ${holders.join(', ')}`,
      { hint: 'Name one with --source.' },
    );
  return holder;
}

async function sourcesOf(catalog: Catalog, signal: AbortSignal): Promise<string[]> {
  const sources: string[] = [];
  for await (const source of catalog.sources({ signal })) sources.push(source);
  return sources;
}

async function readTelling(
  catalog: Catalog,
  { ref, key }: CatalogEntry,
  signal: AbortSignal,
): Promise<Manifest | undefined> {
  try {
    return await catalog.readGenuine(key, { signal });
  } catch (error) {
    if (!(error instanceof ArchiverError) || error.code !== 'archive-damaged') throw error;
    throw new ArchiverError('archive-damaged', error.message, {
      cause: error,
      hint:
        `${error.hint} It is the manifest of backup ${ref.backupId}, started ${ref.startedAt}. An older archive is had with --at, ` +
        'a time before that; `rdb-archiver list archives` shows them.',
    });
  }
}

/** Why nothing fitted: no such instance there at all, or none of its archives. */
async function notFound(
  catalog: Catalog,
  { instanceId, source, backupId, at }: ArchiveChoice & { readonly source: string },
  signal: AbortSignal,
): Promise<ArchiverError> {
  const oldest = await catalog.oldest(source, instanceId, { signal });
  if (oldest === undefined) {
    const sources = await sourcesOf(catalog, signal);
    const known = sources.includes(source)
      ? ''
      : ` There are archives of: ${sources.join(', ') || 'no source'}.`;
    return unknownInstance(`no archive of ${instanceId} is in the destination under ${source}`, known);
  }
  const hint = `Its oldest archive was started ${oldest}; \`rdb-archiver list archives ${instanceId}\` shows all.`;
  const what = backupId === undefined ? '' : ` of its backup ${backupId}`;
  const when = at === undefined ? '' : ` that was started at ${at} or before`;
  return new ArchiverError(
    'unknown-backup',
    `no archive of ${instanceId}${what}${when} is in the destination`,
    {
      hint,
    },
  );
}

function unknownInstance(message: string, more = ''): ArchiverError {
  return new ArchiverError('unknown-instance', message, {
    hint: `Check the id; \`rdb-archiver list archives\` shows what there is.${more}`,
  });
}
