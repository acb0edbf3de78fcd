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
}

/** What a manifest says of it. */
export type Encryption =
  | SealedKey
  /** The archive opens only while the cloud has the backup, unless the key was sealed later. */
  | { readonly key: 'not-kept' };

/** What became of the key of a backup that was archived. */
export type KeyState = 'sealed' | 'not-kept';

/** What to do about an archive without its key, wherever it is told. */
export const KEYLESS_HINT =
  'Set `encryptedBackups: seal` and `keyRecipients` while the cloud still has the backup: the next run keeps its key (docs/encrypted-backups.md).';

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
  /**
   * The dump inside what the cloud encrypted. Throws `not-opened` where no known layout brings a dump to light, and what `encrypted`
   * throws. That its beginning looks like a dump is no proof: the dump's own CRC-64 is.
   */
  open(encrypted: AsyncIterable<Uint8Array>, key: Secret, opening: Opening): AsyncIterable<Uint8Array>;
}
