/** Retention as it is configured: which archives of an instance are to stay. */
import type { InstanceRule } from './instance-rule.ts';

/** How many archives of which age stay; they add up. At least one of them is set. */
export interface KeepRules {
  /** So many of the newest. */
  readonly keepLast?: number;
  /** All that were started within this long (milliseconds) before the newest one of the instance. */
  readonly keepWithinMs?: number;
  /** The newest of each of the last so many hours, days, … that have one. */
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
}

/** One rule: whose archives it is for, and what it keeps of them. The first rule that fits an instance is the only one for it. */
export interface RetentionRule extends KeepRules, InstanceRule {}
