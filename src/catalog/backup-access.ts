/** Whether this machine can look into the dumps of an archive, and by what: the one place that says why not. */
import { isSealed, type KeyVault, type SealedKey } from '../domain/encryption.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { writesRdb } from '../domain/instance.ts';
import { type Manifest, refOf } from '../domain/manifest.ts';
import type { Secret } from '../domain/secret.ts';
import type { CallOptions } from '../store/object-store.ts';
import type { KeyRecords } from './key-records.ts';

/** Takes the cloud's encryption off a dump. */
export interface Unlock {
  open(
    encrypted: AsyncIterable<Uint8Array>,
    what: string,
    onLayout: (layout: string) => void,
  ): AsyncIterable<Uint8Array>;
}

export type Access =
  /** The cloud did not encrypt it. */
  { readonly kind: 'plain' } | { readonly kind: 'unlocked'; readonly unlock: Unlock } | Locked;

/** `no-key`: none was kept. `no-identity`: it was, and nothing here opens it. `no-rdb`: nobody could tell whether it was opened rightly. */
export interface Locked {
  readonly kind: 'locked';
  readonly why: 'no-key' | 'no-identity' | 'no-rdb';
  /** A sentence's end, behind the name of the backup. */
  readonly detail: string;
  readonly hint: string;
}

/** A backup's key, out of its seal. */
export interface UnsealedKey {
  readonly key: Secret;
  readonly sealed: SealedKey;
}

export interface BackupAccess {
  /** Asks the destination only for a backup that the cloud encrypted. Rejects with `archive-damaged` for a sealed key that is none, `newer-version` for one that a version to come has kept. */
  to(manifest: Manifest, options: CallOptions): Promise<Access>;
  /**
   * The key itself, for who asks for it by name. Rejects with `usage` where the cloud did not encrypt the backup, `key-not-kept` where there is
   * none, `config` where no identity opens it, and otherwise as `to` does.
   */
  key(manifest: Manifest, options: CallOptions): Promise<UnsealedKey>;
}

export function createBackupAccess(records: Pick<KeyRecords, 'find'>, vault: KeyVault): BackupAccess {
  const sealedKeyOf = async (manifest: Manifest, options: CallOptions): Promise<SealedKey | undefined> => {
    const { encryption } = manifest.backup;
    if (isSealed(encryption)) return encryption;
    const beside = await records.find(refOf(manifest), options);
    if (!beside && encryption?.key === 'newer-version')
      throw new ArchiverError(
        'newer-version',
        `${nameOf(manifest)} was encrypted by the cloud, and its manifest tells of the key in a way that this version cannot read`,
      );
    return beside;
  };

  return {
    async to(manifest, options) {
      if (!manifest.backup.encrypted) return { kind: 'plain' };
      if (!writesRdb(manifest.instance)) return NO_RDB;
      const sealed = await sealedKeyOf(manifest, options);
      if (!sealed) return NO_KEY;
      if (!vault.unseals) return noIdentity('is sealed, and no identity is configured');
      try {
        const key = await vault.unseal(sealed, nameOf(manifest));
        const open: Unlock['open'] = (encrypted, what, onLayout) =>
          vault.open(encrypted, key, { what, onLayout });
        return { kind: 'unlocked', unlock: { open } };
      } catch (error) {
        if (asArchiverError(error).code !== 'config') throw error;
        return noIdentity('is sealed, and no configured identity opens it');
      }
    },

    async key(manifest, options) {
      const what = nameOf(manifest);
      if (!manifest.backup.encrypted)
        throw new ArchiverError('usage', `${what} was not encrypted by the cloud, so it has no key`);
      const sealed = await sealedKeyOf(manifest, options);
      if (!sealed) throw new ArchiverError('key-not-kept', `${what} ${NO_KEY.detail}`, { hint: NO_KEY.hint });
      return { sealed, key: await vault.unseal(sealed, what) };
    },
  };
}

/** What a locked backup means for who wants it opened: `config` (2) where an identity is missing, else 3. */
export function lockedError(manifest: Manifest, { why, detail, hint }: Locked): ArchiverError {
  const code = { 'no-key': 'key-not-kept', 'no-identity': 'config', 'no-rdb': 'not-opened' } as const;
  return new ArchiverError(code[why], `${nameOf(manifest)} ${detail}`, { hint });
}

function nameOf({ backup, instance }: Manifest): string {
  return `backup ${backup.id} of ${instance.id}`;
}

const NO_KEY: Locked = {
  kind: 'locked',
  why: 'no-key',
  detail:
    'was encrypted by the cloud, and its key was not kept: it opens only while the cloud has the backup',
  hint: 'While the cloud has it, `encryptedBackups: seal` lets the next run keep the key (docs/encrypted-backups.md).',
};

const NO_RDB: Locked = {
  kind: 'locked',
  why: 'no-rdb',
  detail:
    'was encrypted by the cloud, and its engine writes no RDB: nothing could tell whether it was opened rightly',
  hint: '`rdb-archiver restore --key FILE` hands its key out, where that was kept.',
};

function noIdentity(how: string): Locked {
  return {
    kind: 'locked',
    why: 'no-identity',
    detail: `was encrypted by the cloud; its key ${how}`,
    hint: 'Set ARCHIVER_AGE_IDENTITY_FILE to a file of `age-keygen` with the identity of one of its recipients (`keyRecipients`).',
  };
}
