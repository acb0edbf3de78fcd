/** The settings of the form in which archives lie in the bucket: compression and encryption, both off unless asked for. */
import { z } from 'zod';
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
};
