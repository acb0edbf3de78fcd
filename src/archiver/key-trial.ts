/**
 * Whether the key that the cloud handed out opens what it delivered, as far as the first bytes of a dump tell: tried in passing, while the cloud
 * can still be asked for another one. Nobody outside knows how it encrypts, so a key that opens nothing loses no archive; but somebody should know.
 */
import type { KeyVault } from '../domain/encryption.ts';
import type { Secret } from '../domain/secret.ts';

export interface KeyTrial {
  /** Takes the beginning of a dump of the backup, of any of them, however often one is fetched. */
  see(head: Uint8Array): void;
  /** In words, how the dumps open; null where no known way fits. Undefined where no beginning was seen. The key is forgotten. */
  end(): Promise<string | null | undefined>;
}

/** The key is held until a dump has opened, or until the end. */
export function beginKeyTrial(key: Secret, vault: Pick<KeyVault, 'layoutOf'>): KeyTrial {
  let held: Secret | undefined = key;
  let found: Promise<string | null | undefined> = Promise.resolve(undefined);

  async function tryOn(head: Uint8Array, before: string | null | undefined) {
    if (held === undefined) return before;
    const layout = await vault.layoutOf(head, held);
    if (layout !== undefined) held = undefined;
    return layout ?? null;
  }

  return {
    see(head) {
      const copy = Uint8Array.from(head);
      // A mistake of ours in here must cost no archive.
      found = found.then((before) => tryOn(copy, before).catch(() => before));
    },
    async end() {
      const layout = await found;
      held = undefined;
      return layout;
    },
  };
}
