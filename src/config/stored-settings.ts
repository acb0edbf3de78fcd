/** The settings of the form in which archives lie in the bucket: compression and encryption, both off unless asked for. */
import { z } from 'zod';
import { ENCRYPTED_BACKUPS } from '../domain/encryption.ts';
import { isAgeRecipient } from './age-keys.ts';
import { choice, integer, setting } from './fields.ts';

const RECIPIENT = 'expected the public key of an age identity, `age1…` as `age-keygen -y` prints it';

export const storedShape = {
  compression: setting(choice(['none', 'zstd']).prefault('none'), {
    variable: 'ARCHIVER_COMPRESSION',
    meaning: 'Whether dumps are compressed on their way; `zstd -d` reads them back.',
  }),
  compressionLevel: setting(integer({ min: 1, max: 19 }).prefault(3), {
    variable: 'ARCHIVER_COMPRESSION_LEVEL',
    form: 'integer',
    meaning: 'How hard `zstd` tries, as its command counts; above 9 it is slow and takes much memory.',
  }),
  ageRecipients: setting(
    z
      .array(z.string({ error: RECIPIENT }).refine(isAgeRecipient, RECIPIENT), {
        error: 'expected a list of age recipients',
      })
      .max(20, 'expected 20 recipients at the most')
      .prefault([]),
    {
      variable: 'ARCHIVER_AGE_RECIPIENTS',
      form: 'list',
      meaning:
        'Public keys (`age1…`) that dumps are encrypted for on their way; whoever has the identity of any of them reads them back, with `age -d` too. Not encrypted where empty.',
    },
  ),
  encryptedBackups: setting(choice(ENCRYPTED_BACKUPS).prefault('warn'), {
    variable: 'ARCHIVER_ENCRYPTED_BACKUPS',
    meaning:
      'What becomes of backups that the cloud encrypts (docs/encrypted-backups.md). `seal`: archived with their key, sealed for `keyRecipients`; takes `redis:DescribeBackupDetail`. `warn`: archived without, so they open only while the cloud has the backup; told everywhere. `fail`: not archived, exit status 3.',
  }),
  keyRecipients: setting(
    z
      .array(z.string({ error: RECIPIENT }).refine(isAgeRecipient, RECIPIENT), {
        error: 'expected a list of age recipients',
      })
      .max(20, 'expected 20 recipients at the most')
      .prefault([]),
    {
      variable: 'ARCHIVER_KEY_RECIPIENTS',
      form: 'list',
      meaning:
        'Public keys (`age1…`) that the keys of encrypted backups are sealed for, with `encryptedBackups: seal`; those of `ageRecipients` where empty.',
    },
  ),
};
