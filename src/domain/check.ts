/** What `check` found out: one row for each thing tried, with a verdict, what was seen and what to do. */
import type { ArchiverError } from './errors.ts';

/** `warning`: runs work, but worse or less safely than they could. `not-tried`: something before it failed, or it would change things. */
export type CheckVerdict = 'ok' | 'warning' | 'failed' | 'not-tried';

export type CheckFacts = Readonly<Record<string, string | number | boolean>>;

export interface Finding {
  /** What was tried, for instance `put-if-absent` or `DescribeBackupUrl`. */
  readonly check: string;
  readonly verdict: CheckVerdict;
  /** What was seen, in a sentence without a full stop. */
  readonly detail: string;
  /** What to do; empty where there is nothing to do. */
  readonly hint: string;
  /** The same for programs. */
  readonly facts: CheckFacts;
  /** What was asked for it and what the answers were, a line each, in the order in which they were asked. */
  readonly requests: readonly string[];
}

export function passed(check: string, detail: string, facts: CheckFacts = {}, hint = ''): Finding {
  return { check, verdict: 'ok', detail, hint, facts, requests: [] };
}

export function warned(check: string, detail: string, hint: string, facts: CheckFacts = {}): Finding {
  return { check, verdict: 'warning', detail, hint, facts, requests: [] };
}

export function failing(
  check: string,
  { code, message, hint }: Pick<ArchiverError, 'code' | 'message' | 'hint'>,
): Finding {
  return { check, verdict: 'failed', detail: message, hint, facts: { code }, requests: [] };
}

export function notTried(check: string, detail: string): Finding {
  return { check, verdict: 'not-tried', detail, hint: '', facts: {}, requests: [] };
}
