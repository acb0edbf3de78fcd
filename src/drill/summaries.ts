/** What is known of the drills of each source: for the status report, and for the metrics after a drill. */

import type { DrillSummary } from '../domain/drill.ts';
import { asArchiverError } from '../domain/errors.ts';
import type { DrillRecords } from './record.ts';

/** Of the sources that were drilled at all. One that cannot be read is left out: it is no more than a figure among others. */
export async function readDrillSummaries(
  records: DrillRecords,
  sources: readonly string[],
  signal: AbortSignal,
): Promise<DrillSummary[]> {
  const summaries: DrillSummary[] = [];
  for (const source of sources) {
    try {
      const summary = await records.summary(source, { signal });
      if (summary) summaries.push(summary);
    } catch (error) {
      signal.throwIfAborted();
      if (asArchiverError(error).code === 'internal') throw error;
    }
  }
  return summaries;
}
