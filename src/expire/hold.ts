/** Holding and releasing: a person's word that an archive must stay, whatever the retention says. */
import type { Catalog } from '../catalog/catalog.ts';
import { findArchive } from '../catalog/find-archive.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import { compareText } from '../domain/compare-text.ts';
import { ArchiverError } from '../domain/errors.ts';
import { toInstant } from '../domain/instant.ts';
import { refOf } from '../domain/manifest.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { HoldEntry, HoldRecord, Holds } from './holds.ts';
import type { HoldItem } from './report.ts';

export interface HoldPorts {
  readonly store: ObjectStore;
  readonly layout: ArchiveLayout;
  readonly catalog: Catalog;
  readonly holds: Holds;
  readonly clock: Clock;
}

export interface HoldRequest {
  readonly action: HoldEntry['action'];
  readonly instanceId: string;
  /** An id, or `latest`. */
  readonly backupId: string;
  readonly source?: string;
  readonly reason: string;
  readonly by?: string;
  readonly signal: AbortSignal;
}

/**
 * Rejects with `unknown-backup` where there is no such archive, and where an expire has it in hand at this very moment. What is held can be
 * released whatever became of the archive: somebody may have deleted its manifest.
 */
export async function setHold(request: HoldRequest, ports: HoldPorts): Promise<HoldItem> {
  const { action, instanceId, reason, by, signal } = request;
  const held = action === 'release' ? await heldRef(request, ports) : undefined;
  const ref = held ?? (await archiveRef(request, ports));
  const before = await ports.holds.find(ref, { signal });
  if (action === 'release' && !before?.held)
    throw new ArchiverError('unknown-backup', `backup ${ref.backupId} of ${instanceId} is not held`, {
      hint: '`rdb-archiver hold` without arguments lists what is held.',
    });
  const last = { action, at: toInstant(ports.clock.now()), reason, ...(by !== undefined && { by }) };
  await ports.holds.say(ref, last, { signal });
  if (action === 'hold') await makeSure(ref, ports, signal);
  return itemOf({ ref, held: action === 'hold', last });
}

/** By the record of the hold alone; undefined where none is of that name. */
async function heldRef(
  { instanceId, backupId, source, signal }: HoldRequest,
  { holds }: HoldPorts,
): Promise<ArchiveRef | undefined> {
  const named = (await holds.all({ signal })).filter(
    ({ held, ref }) =>
      held &&
      ref.instanceId === instanceId &&
      ref.backupId === backupId &&
      (source ?? ref.source) === ref.source,
  );
  if (named.length > 1)
    throw new ArchiverError(
      'usage',
      `several sources hold backup ${backupId} of ${instanceId}: ${named.map(({ ref }) => ref.source).join(', ')}`,
      { hint: 'Name one with --source.' },
    );
  return named[0]?.ref;
}

async function archiveRef(
  { instanceId, backupId, source, signal }: HoldRequest,
  { catalog }: HoldPorts,
): Promise<ArchiveRef> {
  const choice = { instanceId, backupId, ...(source !== undefined && { source }) };
  return refOf(await findArchive(catalog, choice, signal));
}

/** All archives that are held, oldest first. */
export async function listHolds(
  { holds }: HoldPorts,
  instanceId: string | undefined,
  signal: AbortSignal,
): Promise<readonly HoldItem[]> {
  const all = await holds.all({ signal });
  return all
    .filter(({ held, ref }) => held && (instanceId ?? ref.instanceId) === ref.instanceId)
    .map(itemOf)
    .sort((left, right) => compareText(left.startedAt, right.startedAt));
}

/** An expire writes its note before it looks for a hold, and we hold before we look for its note: one of the two sees the other. */
async function makeSure(ref: ArchiveRef, { store, layout }: HoldPorts, signal: AbortSignal): Promise<void> {
  const [note, manifest] = [layout.recordKey('expire', ref), layout.manifestKey(ref)];
  const expiring = await store.head(note, { signal });
  if (expiring === undefined && (await store.head(manifest, { signal }))) return;
  const what = `backup ${ref.backupId} of ${ref.instanceId}`;
  throw new ArchiverError(
    'unknown-backup',
    expiring
      ? `an expire has begun to remove ${what}; the hold is on record, but it may have come too late`
      : `an expire has removed ${what} in this moment`,
    {
      hint: `See whether it is still among \`rdb-archiver list archives ${ref.instanceId}\`, and hold it again.`,
    },
  );
}

function itemOf({ ref, held, last: { at, reason, by } }: HoldRecord): HoldItem {
  return { ...ref, held, reason, at, ...(by !== undefined && { by }) };
}
