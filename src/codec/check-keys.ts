/** What `check` says of the keys of encrypted backups: whether they are kept, for whom, and whether this machine could open them. */
import { randomBytes } from 'node:crypto';
import { type Finding, failing, passed, warned } from '../domain/check.ts';
import type { EncryptedBackups } from '../domain/encryption.ts';
import { asArchiverError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import { createKeyVault, type VaultSettings } from './key-vault.ts';

const CHECK = 'backup-keys';

export async function checkKeys(
  settings: VaultSettings & { readonly encryptedBackups: EncryptedBackups },
): Promise<Finding> {
  const { encryptedBackups: policy, keyRecipients } = settings;
  if (policy === 'fail')
    return passed(CHECK, 'backups that the cloud encrypts are not archived, and fail', { policy });
  if (policy === 'warn') {
    const hint =
      'Where the cloud encrypts backups, set `encryptedBackups: seal` and `keyRecipients` (docs/encrypted-backups.md).';
    return passed(CHECK, 'keys of backups that the cloud encrypts are not kept', { policy }, hint);
  }
  const count = keyRecipients.length;
  const facts = { policy, recipients: count };
  const kept = `keys of backups that the cloud encrypts are sealed for ${count} age recipient${count === 1 ? '' : 's'}`;
  const vault = createKeyVault(settings);
  const trial = new Secret(randomBytes(32).toString('hex'));
  try {
    const sealed = await vault.seal({ key: trial });
    if (!vault.unseals)
      return passed(CHECK, `${kept}; no identity is configured here`, { ...facts, readable: false });
    await vault.unseal(sealed, 'a trial');
    return passed(CHECK, `${kept}; an identity here opens them`, { ...facts, readable: true });
  } catch (thrown) {
    const error = asArchiverError(thrown);
    if (!vault.unseals) return failing(CHECK, error);
    const hint =
      'ARCHIVER_AGE_IDENTITY_FILE and `keyRecipients` do not belong together: `age-keygen -y` prints the recipient of an identity.';
    return warned(CHECK, `${kept}; none of the identities here opens them`, hint, {
      ...facts,
      readable: false,
    });
  }
}
