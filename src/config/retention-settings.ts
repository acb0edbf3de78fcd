/** The settings of `expire`: the rules by which archives stay, and the floor below which no rule goes. */
import { z } from 'zod';
import type { RetentionRule } from '../domain/retention.ts';
import { duration, integer, setting } from './fields.ts';
import { instanceRuleShape } from './instance-rule.ts';
import { formatDuration } from './units.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MOST = 100_000;

const count = (what: string) =>
  setting(integer({ min: 1, max: MOST }).exactOptional(), {
    meaning: `Keeps the newest archive of each of the last so many ${what} that have one, in \`timezone\`.`,
  });

/** One rule. */
export const retentionShape = {
  ...instanceRuleShape({
    names: 'Only for instances whose name, as their newest archive has it, matches one of these.',
    tags: 'Only for instances that carry all of these tags, as the newest archive has them that was made while the cloud had the instance.',
  }),
  keepLast: setting(integer({ min: 1, max: MOST }).exactOptional(), {
    meaning: 'Keeps so many of the newest archives.',
  }),
  keepWithin: setting(
    duration({ min: HOUR, max: MOST * DAY }, 'of at least 1h, in hours or days').exactOptional(),
    {
      meaning:
        'Keeps what was started within this long before the newest archive of the instance (not before now: so nothing ages away where archiving has stopped).',
    },
  ),
  keepHourly: count('hours'),
  keepDaily: count('days'),
  keepWeekly: count('ISO weeks'),
  keepMonthly: count('months'),
  keepYearly: count('years'),
};

/** What holds for all rules. */
export const floorShape = {
  keepMinimum: setting(integer({ min: 1, max: MOST }).prefault(3), {
    meaning:
      'So many of the newest archives of each instance that are not known to be damaged stay whatever the rules say, and `expire` makes sure that they are there before it deletes anything of the instance.',
  }),
};

const KEEPS = [
  'keepLast',
  'keepWithin',
  'keepHourly',
  'keepDaily',
  'keepWeekly',
  'keepMonthly',
  'keepYearly',
] as const;

export const retentionSchema = z
  .strictObject(retentionShape, { error: 'expected a mapping' })
  .refine((rule) => KEEPS.some((name) => rule[name] !== undefined), {
    error: `expected at least one of ${KEEPS.join(', ')}: a rule that keeps nothing is refused`,
  });

export function retentionRuleOf(settings: z.output<typeof retentionSchema>): RetentionRule {
  const { keepWithin, ...rest } = settings;
  return { ...rest, ...(keepWithin === undefined ? {} : { keepWithinMs: keepWithin }) };
}

/** A rule as the file would say it. */
export function retentionView({ keepWithinMs, ...rest }: RetentionRule) {
  return { ...rest, ...(keepWithinMs === undefined ? {} : { keepWithin: formatDuration(keepWithinMs) }) };
}
