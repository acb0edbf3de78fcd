/** Which exit status a run ends with, when several apply. */

import { STOP_EXITS } from './stop-signals.ts';

/** The first that applies wins (product contract, section 4): a signal, then 1, 2, 11, 10, 4, 5, 3. */
const PRECEDENCE = [...STOP_EXITS.toReversed(), 1, 2, 11, 10, 4, 5, 3];

/** 0 when nothing went wrong. */
export function worstOf(codes: ReadonlySet<number>): number {
  return PRECEDENCE.find((code) => codes.has(code)) ?? 0;
}
