/** Which exit status a run ends with, when several apply. */

/** The first that applies wins (product contract, section 4): a signal, then 1, 2, 11, 10, 4, 5, 3. */
const PRECEDENCE = [143, 130, 1, 2, 11, 10, 4, 5, 3];

/** 0 when nothing went wrong. */
export function worstOf(codes: ReadonlySet<number>): number {
  return PRECEDENCE.find((code) => codes.has(code)) ?? 0;
}
