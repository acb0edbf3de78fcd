/** The key of a backup that the cloud encrypts: asked for, sealed at once, and kept beside the archive. */
import type { KeyRecords } from '../catalog/key-records.ts';
import type { ArchiveRef } from '../domain/archive-key.ts';
import type { Backup } from '../domain/backup.ts';
import {
  type EncryptedBackups,
  type Encryption,
  isSealed,
  type KeyVault,
  type SealedKey,
} from '../domain/encryption.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { Source } from '../source/source.ts';
import type { CallOptions } from '../store/object-store.ts';

export interface KeyPorts {
  readonly policy: EncryptedBackups;
  readonly vault: KeyVault;
  readonly records: KeyRecords;
}

interface KeyJob {
  readonly source: Source;
  readonly backup: Backup;
  readonly signal: AbortSignal;
}

/** What the manifest will say; undefined for a backup that is not encrypted. Rejects with `key-not-kept` where it should have the key and cannot. */
export async function encryptionOf(job: KeyJob, ports: KeyPorts): Promise<Encryption | undefined> {
  if (!job.backup.encrypted) return undefined;
  if (ports.policy === 'fail') throw notWanted(job.backup);
  return ports.policy === 'seal' ? sealedKeyOf(job, ports) : { key: 'not-kept' };
}

/**
 * The key as nobody here can read it any more. Rejects with `key-not-kept` where the cloud does not hand it out, and with what concerns the
 * backup as a whole: `backup-gone`, `not-ready`, the signal's reason.
 */
export async function sealedKeyOf(
  { source, backup, signal }: KeyJob,
  { vault }: KeyPorts,
): Promise<SealedKey> {
  try {
    return await vault.seal(await source.key(backup, signal));
  } catch (thrown) {
    signal.throwIfAborted();
    const cause = asArchiverError(thrown);
    if (['backup-gone', 'not-ready', 'internal'].includes(cause.code)) throw cause;
    const { instanceId, id } = backup;
    const message = `the key of backup ${id} of ${instanceId} could not be had, so it is not archived: ${cause.message}`;
    const refused = cause.code === 'permission' || cause.code === 'api-rejected';
    throw new ArchiverError('key-not-kept', message, {
      cause: cause.cause ?? cause,
      ...(!refused && { hint: `${cause.hint} The next run asks again.` }),
    });
  }
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
    await (isSealed(encryption) ? records.keep(ref, encryption, options) : records.miss(ref, options));
  } catch {
    // Not even a signal: the archive is committed, and is told as that.
  }
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
