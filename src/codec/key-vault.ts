/** The keys of backups that the cloud encrypts: sealed for those who may open them, and put to use where an identity is at hand. */
import type { Current } from '../domain/current.ts';
import type { KeyVault } from '../domain/encryption.ts';
import type { Secret } from '../domain/secret.ts';

export interface VaultSettings {
  /** `age1…`; none: nothing is sealed. */
  readonly keyRecipients: readonly string[];
  /** `AGE-SECRET-KEY-1…` */
  readonly ageIdentities: Current<readonly Secret[]>;
}

/** Loads what it needs when it needs it: most installations have no encrypted backup. */
export function createKeyVault({ keyRecipients, ageIdentities }: VaultSettings): KeyVault {
  return {
    seals: keyRecipients.length > 0,
    get unseals() {
      return ageIdentities().length > 0;
    },
    async seal(key) {
      const { sealKey } = await import('./sealed-key.ts');
      return sealKey(key, keyRecipients);
    },
    async unseal(sealed, what) {
      const { unsealKey } = await import('./sealed-key.ts');
      return unsealKey(sealed, ageIdentities(), what);
    },
    async layoutOf(head, key) {
      const { layoutOf } = await import('./cloud-layouts.ts');
      return layoutOf(Buffer.from(head), key)?.name;
    },
    async *open(encrypted, key, opening) {
      const { openDump } = await import('./cloud-cipher.ts');
      yield* openDump(encrypted, key, opening);
    },
  };
}
