/** Puts the two listings together: every instance listed or owning a backup, every backup, and every failure on the way. */
import type { Backup } from '../domain/backup.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { Instance } from '../domain/instance.ts';
import { verdictOf } from './api-errors.ts';
import type { Fields } from './json-fields.ts';
import type { Rows } from './paginate.ts';
import type { Inventory, ListingFailure } from './source.ts';

/** One listing of backups: of the whole region, or of one instance. */
export interface BackupListing {
  readonly instanceId?: string;
  readonly list: Rows<Fields>;
}

/** How a dialect reads its rows. */
export interface RowReader {
  instance(row: Fields): Instance;
  /** Whose backup it is, where the row says so. */
  ownerId(backupRow: Fields): string;
  /** Undefined where the row has no id or no start: such a backup can be given no place in the archive. */
  backup(row: Fields, instanceId: string): Backup | undefined;
  /** What a backup tells of its instance, when the instance itself is no longer listed. */
  owner(backupRow: Fields, instanceId: string): Omit<Instance, 'vanished'>;
}

/** Empties the lists on its way: those of a fleet are not to lie in memory twice. */
export function assemble(
  instanceList: Rows<Fields>,
  listings: readonly BackupListing[],
  read: RowReader,
): Inventory {
  const instances = new Map<string, Instance>();
  const backups = new Map<string, Backup>();
  const failures: ListingFailure[] = [];

  for (const row of emptied(instanceList.rows)) {
    const instance = read.instance(row);
    if (isId(instance.id)) instances.set(instance.id, instance);
    else if (instance.id !== '') failures.push(unreadable('an instance', row));
  }
  if (instanceList.failure !== undefined) failures.push({ error: instanceList.failure });

  for (const { instanceId: asked, list } of listings) {
    for (const row of emptied(list.rows)) {
      const instanceId = read.ownerId(row) || (asked ?? '');
      const backup = isId(instanceId) ? read.backup(row, instanceId) : undefined;
      if (backup === undefined || !isId(backup.id)) {
        failures.push({
          ...(isId(instanceId) && { instanceId }),
          ...unreadable(`a backup of ${instanceId || 'an unnamed instance'}`, row),
        });
        continue;
      }
      backups.set(JSON.stringify([instanceId, backup.id]), backup);
      if (!instances.has(instanceId)) {
        // When the listing of instances broke off, its absence there says nothing.
        instances.set(instanceId, {
          ...read.owner(row, instanceId),
          vanished: instanceList.failure === undefined,
        });
      }
    }
    // A named instance that is not there has no backups, and that is no failure; a listed one must have its backups listed.
    const neverWas = verdictOf(list.failure) === 'gone' && !instances.has(asked ?? '');
    const said = asked === undefined && isSameTrouble(instanceList.failure, list.failure);
    if (list.failure !== undefined && !neverWas && !said) {
      failures.push({ ...(asked !== undefined && { instanceId: asked }), error: list.failure });
    }
  }

  return { instances: [...instances.values()], backups: [...backups.values()], failures };
}

function* emptied<Row>(rows: Row[]): Generator<Row> {
  rows.reverse();
  for (let row = rows.pop(); row !== undefined; row = rows.pop()) yield row;
}

/** A wrong key or a dead network fails both listings of a region, and is told once. Permissions are granted, and so told, one by one. */
function isSameTrouble(one: ArchiverError | undefined, other: ArchiverError | undefined): boolean {
  return one?.code === other?.code && other?.code !== 'permission';
}

/**
 * Whether this can be the name of a place in the archive. Ids are kept exactly, so what cannot be written exactly is none: it would be
 * archived anew by every run. Longer ones than this, percent-encoded, are no part of a key (S3: 1024 bytes) or of a path (255) together with a stamp.
 */
function isId(id: string): boolean {
  return (
    id !== '' && id.length <= LONGEST_ID && id.isWellFormed() && encodeURIComponent(id).length <= LONGEST_ID
  );
}

const LONGEST_ID = 200;

function unreadable(what: string, row: Fields): ListingFailure {
  const message = `${what} is listed without a readable id or start: ${JSON.stringify(row).slice(0, 300)}`;
  return { error: new ArchiverError('api-rejected', message.slice(0, 400)) };
}
