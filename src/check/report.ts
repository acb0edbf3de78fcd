/** What `check` answers: one row for each thing that was tried. */
import type { Finding } from '../domain/check.ts';

/** One row of `check`. */
export interface CheckItem extends Finding {
  readonly part: 'settings' | 'destination' | 'source';
  /** The source's name; null for the other parts. */
  readonly source: string | null;
}
