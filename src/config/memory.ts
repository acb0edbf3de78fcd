/** How much memory there is for the whole process: the machine's, or the container's share of it. */
import { totalmem } from 'node:os';

/** Bytes. */
export function memoryAtHand(): number {
  // 0 where it cannot be told, and more than any machine has where a control group sets no limit.
  const limit = process.constrainedMemory();
  return limit === 0 ? totalmem() : Math.min(limit, totalmem());
}
