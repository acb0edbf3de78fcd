/** The cloud's backup states, the same numbers in both APIs. */
import type { BackupState } from '../domain/backup.ts';

/** In the order of a backup's life: in a flow, normal, being written as RDB, written as RDB, expired (deleted is -2). */
export const STATUS = { inFlow: 1, normal: 2, exporting: 3, exported: 4, expired: -1 } as const;

/** A status we do not know may become a good one; a locked backup is in another flow's hands. */
export function stateOf(status: number | undefined, locked: number | undefined): BackupState {
  if (status !== undefined && status < 0) return 'expired';
  const whole = status === STATUS.normal || status === STATUS.exported;
  return whole && locked !== 1 ? 'available' : 'not-ready';
}
