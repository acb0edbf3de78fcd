/** A backup's key as an age file in its armor: a text that anybody may keep, and that `age -d` reads back. */
import { createHash } from 'node:crypto';
import type { BackupKey, SealedKey } from '../domain/encryption.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import { openText, sealText } from './age.ts';

/** Rejects with `config` for a recipient that nothing can be encrypted for. */
export async function sealKey(
  { key, algorithm, kmsKeyId }: BackupKey,
  recipients: readonly string[],
): Promise<SealedKey> {
  const sealed = await sealText(key, recipients).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new ArchiverError('config', `no key can be sealed for ${recipients.join(', ')}: ${why}`, {
      hint: '`keyRecipients` holds the public keys that `age-keygen -y` prints, each `age1…`.',
    });
  });
  return {
    ...(algorithm !== undefined && { algorithm }),
    ...(kmsKeyId !== undefined && { kmsKeyId }),
    keyFingerprint: fingerprintOf(key),
    sealedKey: sealed,
  };
}

/** Rejects with `config` where no identity opens it, `archive-damaged` where it is no sealed key or holds another one than it says. */
export async function unsealKey(
  { sealedKey, keyFingerprint }: SealedKey,
  identities: readonly Secret[],
  what: string,
): Promise<Secret> {
  if (identities.length === 0)
    throw new ArchiverError('config', `the key of ${what} is sealed, and no identity is configured`, {
      hint: IDENTITY_HINT,
    });
  const key = await openText(sealedKey, identities);
  if (key === 'locked')
    throw new ArchiverError('config', `the key of ${what} is sealed, and no configured identity opens it`, {
      hint: IDENTITY_HINT,
    });
  if (key === 'broken')
    throw new ArchiverError('archive-damaged', `the sealed key of ${what} is no whole age file`, {
      hint: 'Another copy of it may lie below state/keys/; while the cloud has the backup, `archive` can seal it anew.',
    });
  if (fingerprintOf(key) !== keyFingerprint)
    throw new ArchiverError(
      'archive-damaged',
      `the sealed key of ${what} is another one than its fingerprint says`,
    );
  return key;
}

function fingerprintOf(key: Secret): string {
  return createHash('sha256').update(key.reveal()).digest('hex').slice(0, 16);
}

const IDENTITY_HINT =
  'Set ARCHIVER_AGE_IDENTITY_FILE to a file of `age-keygen` with the identity of one of its recipients (`keyRecipients`).';
