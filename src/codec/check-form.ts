/** What `check` says of the form that archives will be stored in, and whether this machine could read them back. */
import { type Finding, passed, warned } from '../domain/check.ts';
import type { CodecSettings } from './codec.ts';

const CHECK = 'stored-form';

export async function checkForm(settings: CodecSettings): Promise<Finding> {
  const { compression, compressionLevel, ageRecipients } = settings;
  const compressed = compression === 'zstd' ? `compressed by zstd at level ${compressionLevel}` : '';
  const count = ageRecipients.length;
  const encrypted = count === 0 ? '' : `encrypted for ${count} age recipient${count === 1 ? '' : 's'}`;
  const form = [compressed, encrypted].filter((part) => part !== '').join(', then ');
  const facts = { compression, recipients: count };
  if (count === 0) return passed(CHECK, `dumps are stored ${form || 'as the cloud gives them'}`, facts);
  return checkReading(`dumps are stored ${form}`, facts, settings);
}

async function checkReading(
  detail: string,
  facts: Finding['facts'],
  { ageRecipients, ageIdentities }: Pick<CodecSettings, 'ageRecipients' | 'ageIdentities'>,
): Promise<Finding> {
  const identities = ageIdentities();
  if (identities.length === 0) {
    const hint =
      'A machine that only archives needs none. Without ARCHIVER_AGE_IDENTITY_FILE `verify` compares the encrypted bytes, and `restore` refuses.';
    return passed(CHECK, `${detail}; no identity is configured here`, { ...facts, readable: false }, hint);
  }
  const { opensOwn } = await import('./age.ts');
  if (await opensOwn(ageRecipients, identities))
    return passed(CHECK, `${detail}; an identity here opens them`, { ...facts, readable: true });
  const hint =
    'ARCHIVER_AGE_IDENTITY_FILE and `ageRecipients` do not belong together: `age-keygen -y` prints the recipient of an identity.';
  return warned(CHECK, `${detail}; none of the identities here opens them`, hint, {
    ...facts,
    readable: false,
  });
}
