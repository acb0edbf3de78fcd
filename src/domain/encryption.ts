/** The cloud's encryption of a backup (API 3.0): its key, what is kept of that, and what a dump can be opened by. */
import type { Secret } from './secret.ts';

/**
 * What becomes of backups that the cloud encrypts. `seal`: archived with their key, encrypted for the key recipients. `warn`: archived without
 * it, and told everywhere. `fail`: not archived, and a failure.
 */
export const ENCRYPTED_BACKUPS = ['warn', 'seal', 'fail'] as const;
export type EncryptedBackups = (typeof ENCRYPTED_BACKUPS)[number];

/** As the cloud hands it out, for as long as it has the backup. */
export interface BackupKey {
  /** As text, whose encoding no documentation tells. */
  readonly key: Secret;
  /** `AES-256-CBC`; the cloud names no other. Absent where it says nothing. */
  readonly algorithm?: string;
  /** Of the key that the cloud's key management wraps this one with. */
  readonly kmsKeyId?: string;
}

/** A key that is kept, readable only for who holds an identity of one of its recipients. */
export interface SealedKey {
  readonly algorithm?: string;
  readonly kmsKeyId?: string;
  /** SHA-256 of the key's text, its first 16 hex digits: tells keys apart, and whether the right one came out. */
  readonly keyFingerprint: string;
  /** An age file in its armor; what `age -d` prints is the key's text. */
  readonly sealedKey: string;
  /** In words, how the first bytes of a dump opened by it when the backup was archived; null where no known way fits. Absent where nobody tried. */
  readonly opened?: string | null;
}

/** What a manifest says of it. */
export type Encryption =
  | SealedKey
  /** The archive opens only while the cloud has the backup, unless the key was sealed later. */
  | { readonly key: 'not-kept' }
  /** Read from a manifest in which a newer version has said it otherwise: nothing is known here of its key. */
  | { readonly key: 'newer-version' };

/** What became of the key of a backup that was archived. `not-opened`: sealed, and the dumps do not open by it in any way that is known. */
export type KeyState = 'sealed' | 'not-kept' | 'not-opened';

/** What to do about an archive without its key, wherever it is told. */
export const KEYLESS_HINT =
  'Set `encryptedBackups: seal` and `keyRecipients` while the cloud still has the backup: the next run keeps its key (docs/encrypted-backups.md).';

/** What to do about an archive that its key does not open, wherever it is told. */
export const NOT_OPENED_HINT =
  'Nothing is lost as long as the cloud has the backup: restore it there once, and ask its support how backups are encrypted. `rdb-archiver restore --key FILE` hands the key out (docs/encrypted-backups.md).';

export function isSealed(encryption: Encryption | undefined): encryption is SealedKey {
  return encryption !== undefined && 'sealedKey' in encryption;
}

/** Told of a dump's inside before its first byte comes out. */
export interface Opening {
  /** For messages: the object's key. */
  readonly what: string;
  /** Which of the layouts it is that fits, in words. */
  readonly onLayout: (layout: string) => void;
}

/** Seals keys, and opens what they have encrypted. */
export interface KeyVault {
  /** Whether there is anybody to seal for. */
  readonly seals: boolean;
  /** Whether there is an identity; it may be the wrong one. */
  readonly unseals: boolean;
  /** Rejects with `config` where nothing can be encrypted for the recipients. */
  seal(key: BackupKey): Promise<SealedKey>;
  /** `what` is for messages. Rejects with `config` where no identity opens it, `archive-damaged` where it is no sealed key. */
  unseal(sealed: SealedKey, what: string): Promise<Secret>;
  /** In words, how what begins so is opened by this key; undefined where no known layout brings a dump to light. 64 bytes are enough. */
  layoutOf(head: Uint8Array, key: Secret): Promise<string | undefined>;
  /**
   * The dump inside what the cloud encrypted. Throws `not-opened` where no known layout brings a dump to light, and what `encrypted`
   * throws. That its beginning looks like a dump is no proof: the dump's own CRC-64 is.
   */
  open(encrypted: AsyncIterable<Uint8Array>, key: Secret, opening: Opening): AsyncIterable<Uint8Array>;
}
