/** The settings of how a bucket is to keep archives: the rules for object lock and for storage classes. */
import { z } from 'zod';
import { LOCK_MODES } from '../domain/object-lock.ts';
import { choice, flag, integer, setting, storageClass } from './fields.ts';
import { instanceRuleShape } from './instance-rule.ts';

/** S3's own maximum: a hundred years. */
const MOST_DAYS = 36_500;

const selectorShape = instanceRuleShape({
  names: 'Only for instances whose name matches one of these.',
  tags: 'Only for instances that carry all of these tags. One that was deleted from the cloud has none any more: have a rule without tags behind it.',
});

export const objectLockShape = {
  ...selectorShape,
  mode: setting(choice([...LOCK_MODES, 'none']), {
    meaning:
      '`governance`: nobody can delete the archive before `days` are over but who has `s3:BypassGovernanceRetention`; `compliance`: nobody at all. `none`: an exception from the rules below.',
  }),
  days: setting(integer({ min: 1, max: MOST_DAYS }).exactOptional(), {
    meaning:
      'How long the dumps and the manifest are locked, counted from when the backup began to be archived; required but for `none`.',
  }),
  legalHold: setting(flag().prefault(false), {
    meaning: 'Put a legal hold on them too, which has no end until somebody lifts it by other means.',
  }),
};

export const objectLockSchema = z
  .strictObject(objectLockShape, { error: 'expected a mapping with `mode`' })
  .refine(({ mode, days }) => (mode === 'none') === (days === undefined), {
    path: ['days'],
    error:
      'expected a whole number from 1 to 36500 beside governance and compliance, and nothing beside none',
  });

export const storageClassesShape = {
  ...selectorShape,
  storageClass: setting(storageClass(), {
    meaning: 'The storage class of their dumps, as the store calls it.',
  }),
};

export const storageClassesSchema = z.strictObject(storageClassesShape, {
  error: 'expected a mapping with `storageClass`',
});
