/** Whether what a run needs answers right now. */
import type { ArchiverError } from './errors.ts';

export interface Reach {
  /** The source's name; absent: the destination. */
  readonly source?: string;
  /** Absent: it answered, and took our credentials. */
  readonly error?: ArchiverError;
}
