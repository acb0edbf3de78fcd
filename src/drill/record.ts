/** What came of the drills: the latest result of each archive, and what is known of a source as a whole. A manifest never changes. */
import { z } from 'zod';
import { assertReplaceable, parseRecord } from '../catalog/record-schema.ts';
import { putSmallObject, readSmallObject } from '../catalog/small-object.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import { compareText } from '../domain/compare-text.ts';
import type { DrillSummary } from '../domain/drill.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import type { DrillItem } from './report.ts';

const RECORD_SCHEMA = 'rdb-archiver/drill@1';
const SUMMARY_SCHEMA = 'rdb-archiver/drill-summary@1';
/** More failing archives than this say the same. */
const MOST_FAILING = 1000;

const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

/** What the rotation needs of a record; the rest is for people and auditors. */
const record = z.object({
  schema: z.literal(RECORD_SCHEMA),
  at: instant,
  outcome: z.enum(['passed', 'failed', 'not-drillable']),
});

const summary = z.object({
  schema: z.literal(SUMMARY_SCHEMA),
  source: z.string(),
  lastDrilledAt: instant,
  lastPassedAt: instant.optional(),
  failing: z.array(z.object({ instanceId: z.string(), backupId: z.string(), at: instant })),
});

export type LastDrill = Pick<DrillItem, 'at' | 'outcome'>;

export interface DrillRecords {
  /** The archives that have a record. One listing. */
  refs(options: CallOptions): AsyncIterable<ArchiveRef>;
  /** Undefined where there is none, or where it cannot be understood: then the archive counts as never drilled. Rejects with `newer-version`. */
  find(ref: ArchiveRef, options: CallOptions): Promise<LastDrill | undefined>;
  /** Writes the result in place of the one before. Rejects with `newer-version` where that is a newer version's. */
  keep(item: DrillItem, options: CallOptions): Promise<void>;
  /** Undefined where nothing of the source was ever drilled. */
  summary(source: string, options: CallOptions): Promise<DrillSummary | undefined>;
  keepSummary(value: DrillSummary, options: CallOptions): Promise<void>;
}

export function createDrillRecords(store: ObjectStore, layout: ArchiveLayout): DrillRecords {
  async function read<Value>(
    key: string,
    schema: z.ZodType<Value>,
    name: string,
    options: CallOptions,
  ): Promise<Value | undefined> {
    try {
      const bytes = await readSmallObject(store, key, options);
      return bytes && schema.safeParse(parseRecord(bytes, name, key)).data;
    } catch (error) {
      if (!(error instanceof ArchiverError) || error.code !== 'archive-damaged') throw error;
      return undefined;
    }
  }

  async function write(key: string, value: { schema: string }, options: CallOptions): Promise<void> {
    await assertReplaceable(store, key, value.schema, options);
    const body = Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
    await putSmallObject(store, key, body, { ...options, contentType: 'application/json', ifAbsent: false });
  }

  return {
    async *refs(options) {
      for await (const { key } of store.list(layout.recordPrefix('drill'), options)) {
        const ref = layout.parseRecordKey('drill', key);
        if (ref) yield ref;
      }
    },
    async find(ref, options) {
      const found = await read(layout.recordKey('drill', ref), record, RECORD_SCHEMA, options);
      return found && { at: found.at, outcome: found.outcome };
    },
    keep: (item, options) =>
      write(layout.recordKey('drill', item), { schema: RECORD_SCHEMA, ...item }, options),
    async summary(source, options) {
      const found = await read(layout.drillSummaryKey(source), summary, SUMMARY_SCHEMA, options);
      if (!found) return undefined;
      const { schema: _schema, lastPassedAt, ...rest } = found;
      return lastPassedAt === undefined ? rest : { ...rest, lastPassedAt };
    },
    keepSummary: (value, options) =>
      write(layout.drillSummaryKey(value.source), { schema: SUMMARY_SCHEMA, ...value }, options),
  };
}

/** What a summary needs of a drill. */
export type Drilled = ArchiveRef & LastDrill;

/**
 * What is known of a source after these drills, given what was known before them. Where `known` holds the latest drill of every archive
 * that there is (`complete`), an archive that is not in it is not failing any more.
 */
export function summaryAfter(
  source: string,
  before: DrillSummary | undefined,
  known: readonly Drilled[],
  complete: boolean,
): DrillSummary | undefined {
  const mine = known.filter((drill) => drill.source === source);
  const drilledAt = [...mine.map(({ at }) => at), before?.lastDrilledAt];
  const passedAt = [
    ...mine.map(({ at, outcome }) => (outcome === 'passed' ? at : undefined)),
    before?.lastPassedAt,
  ];
  const [lastDrilledAt, lastPassedAt] = [newest(drilledAt), newest(passedAt)];
  if (lastDrilledAt === undefined) return undefined;

  const again = new Set(mine.map(({ instanceId, backupId }) => `${instanceId}\n${backupId}`));
  const failing = [
    ...(complete ? [] : (before?.failing ?? [])).filter(
      ({ instanceId, backupId }) => !again.has(`${instanceId}\n${backupId}`),
    ),
    ...mine
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ instanceId, backupId, at }) => ({ instanceId, backupId, at })),
  ];
  return {
    source,
    lastDrilledAt,
    ...(lastPassedAt !== undefined && { lastPassedAt }),
    failing: failing.sort((left, right) => compareText(right.at, left.at)).slice(0, MOST_FAILING),
  };
}

function newest(instants: readonly (string | undefined)[]): string | undefined {
  return instants.reduce((last, at) => (at !== undefined && at > (last ?? '') ? at : last), undefined);
}
