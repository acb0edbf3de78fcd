/** For `bench/soak.ts`: what a fault needs to know, and how often it strikes. */
import type { Cloud } from '../test/support/cloud.ts';
import type { S3Server } from '../test/support/s3.ts';
import type { Dice } from './soak-dice.ts';
import type { LiveBackup } from './soak-world.ts';

export interface Stage {
  readonly cloud: Cloud;
  readonly s3: S3Server;
  /** What may be struck on its way; at least one. */
  readonly backups: readonly LiveBackup[];
  /** The cloud has lost it. */
  readonly lose: (backup: LiveBackup) => void;
  readonly dice: Dice;
}

/** A fault that was set. */
export interface Struck {
  readonly name: string;
  readonly strikes: () => number;
  readonly remove: () => void;
}

/** Sets a fault at a place that the dice choose. */
export type Strike = (stage: Stage) => Omit<Struck, 'name'>;

/** How often: mostly once or a few times, sometimes for as long as the run lasts. */
export function times({ dice }: Stage): number {
  return dice.chance(0.15) ? Number.POSITIVE_INFINITY : dice.between(1, 4);
}
