/** Writes a segment of the index, and none that could not be read back: the small sibling of `putSmallObject`, for Parquet. */
import { ArchiverError } from '../../domain/errors.ts';
import type { CallOptions, ObjectStore } from '../../store/object-store.ts';
import { putSmallObject } from '../small-object.ts';
import { encodeSegment, type FullRow, openSegment } from './segment.ts';
import { SEGMENT_LIMIT } from './segment-limit.ts';

/** Rejects with `internal`, before a byte is sent, where its own reader would not give the same rows. */
export async function putSegment(
  store: Pick<ObjectStore, 'put'>,
  key: string,
  rows: readonly FullRow[],
  options: CallOptions,
): Promise<void> {
  const bytes = encodeSegment(rows);
  const texts = new Map(rows.map((row) => [row.key, row.text]));
  for await (const group of openSegment(bytes).all())
    for (const row of group) if (texts.get(row.key) === row.text) texts.delete(row.key);
  if (texts.size > 0)
    throw new ArchiverError('internal', `${key} is not written, for ${texts.size} of its rows would be lost`);
  const put = { ...options, contentType: 'application/vnd.apache.parquet', ifAbsent: false };
  await putSmallObject(store, key, bytes, put, SEGMENT_LIMIT);
}
