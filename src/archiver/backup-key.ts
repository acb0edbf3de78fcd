/** The key of a backup that the cloud encrypts: asked for, sealed at once, and kept beside the archive. */
import type { KeyRecords } from '../catalog/key-records.ts';
import type { ArchiveRef } from '../domain/archive-key.ts';
import { type Backup, deadlineOf } from '../domain/backup.ts';
import {
  type EncryptedBackups,
  type Encryption,
  isSealed,
  type KeyVault,
  type SealedKey,
} from '../domain/encryption.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { toInstant } from '../domain/instant.ts';
import type { Storage } from '../domain/object-lock.ts';
import { isAtRisk } from '../plan/plan.ts';
import type { Source } from '../source/source.ts';
import type { CallOptions } from '../store/object-store.ts';
import { beginKeyTrial, type KeyTrial } from './key-trial.ts';

export interface KeyPorts {
  readonly policy: EncryptedBackups;
  readonly vault: KeyVault;
  readonly records: KeyRecords;
}

interface KeyJob {
  readonly source: Source;
  readonly backup: Backup;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** A key as nobody here can read it any more, and the trial whether it opens what it should. */
export interface HeldKey {
  readonly sealed: SealedKey;
  readonly trial: KeyTrial;
}

/** What is known of a backup's key before its first byte. */
export type KeyInHand = HeldKey | { readonly sealed?: never; readonly trial?: never };

/** Empty for a backup that is not encrypted, or whose key is not to be kept. Rejects with `key-not-kept` where it should have the key and cannot. */
export async function keyInHand(job: KeyJob, ports: KeyPorts): Promise<KeyInHand> {
  if (!job.backup.encrypted) return {};
  if (ports.policy === 'fail') throw notWanted(job.backup);
  return ports.policy === 'seal' ? askForKey(job, ports, 'so it is not archived') : {};
}

/** What the manifest will say, when all dumps have come; undefined for a backup that is not encrypted. */
export async function encryptionOf(
  { encrypted }: Pick<Backup, 'encrypted'>,
  { sealed, trial }: KeyInHand,
): Promise<Encryption | undefined> {
  if (!encrypted) return undefined;
  if (!sealed) return { key: 'not-kept' };
  const opened = await trial.end();
  return { ...sealed, ...(opened !== undefined && { opened }) };
}

/**
 * Asks the cloud for the key, and seals it. `consequence` goes on the message where it does not hand it out: `key-not-kept`. Rejects too with what
 * concerns the backup as a whole: `backup-gone`, `not-ready`, the signal's reason.
 */
export async function askForKey(
  { source, backup, now, signal }: KeyJob,
  { vault }: KeyPorts,
  consequence: string,
): Promise<HeldKey> {
  try {
    const key = await source.key(backup, signal);
    return { sealed: await vault.seal(key), trial: beginKeyTrial(key.key, vault) };
  } catch (thrown) {
    signal.throwIfAborted();
    const cause = asArchiverError(thrown);
    if (['backup-gone', 'not-ready', 'internal'].includes(cause.code)) throw cause;
    const { instanceId, id } = backup;
    const message = `the key of backup ${id} of ${instanceId} could not be had, ${consequence}: ${cause.message}`;
    const refused = cause.code === 'permission' || cause.code === 'api-rejected';
    const hint = refused ? ALLOW : `${cause.hint} The next run asks again.`;
    throw new ArchiverError('key-not-kept', message, {
      cause: cause.cause ?? cause,
      hint: isAtRisk(backup, now) ? `${hint} ${lastChance(backup)}` : hint,
    });
  }
}

const ALLOW =
  'Allow redis:DescribeBackupDetail (deploy/policies/cam-source-sealing.json), or set `encryptedBackups: warn` to archive without the keys.';

/** The bytes without their key are worth little, but nothing at all less: and with it, should the cloud hand it out in time, they are whole. */
function lastChance(backup: Backup): string {
  const { id, instanceId } = backup;
  return (
    `The cloud deletes the backup at ${toInstant(deadlineOf(backup))}, and its key with it: to have its bytes at least, ` +
    `ARCHIVER_ENCRYPTED_BACKUPS=warn rdb-archiver archive ${instanceId} ${id}; runs go on asking for its key until then.`
  );
}

/**
 * Lets the next run and `status` know how the archive stands, without reading its manifest. What fails here harms nothing: the next run finds
 * no record, reads the manifest, and writes it.
 */
export async function noteKey(
  ref: ArchiveRef,
  encryption: Encryption,
  { records }: KeyPorts,
  options: CallOptions,
): Promise<void> {
  try {
    await recordKey(ref, encryption, records, options);
  } catch {
    // Not even a signal: the archive is committed, and is told as that.
  }
}

/** The record of a kept key comes last: what it stands beside is looked for only where it is missing. */
export async function recordKey(
  ref: ArchiveRef,
  encryption: Encryption,
  records: KeyRecords,
  options: CallOptions & { readonly storage?: Storage },
): Promise<void> {
  if (isSealed(encryption)) {
    if (encryption.opened === null) await records.note('not-opened', ref, options);
    await records.keep(ref, encryption, options);
  } else if (encryption.key === 'not-kept') await records.note('missing', ref, options);
}

/** The error of an encrypted backup where none is to be archived. */
export function notWanted({ id, instanceId }: Pick<Backup, 'id' | 'instanceId'>): ArchiverError {
  return new ArchiverError(
    'key-not-kept',
    `backup ${id} of ${instanceId} is encrypted by the cloud, and \`encryptedBackups: fail\` archives none without its key`,
    {
      hint: 'Set `encryptedBackups: seal` and `keyRecipients` to archive it with its key (docs/encrypted-backups.md).',
    },
  );
}
