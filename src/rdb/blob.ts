/** Collections that lie in a dump as one string: how many entries, from the first few bytes of it. */
import type { Capture } from './capture.ts';
import { expiringFields } from './listpack.ts';
import { AS_NODE, INTSET, LISTPACK, ZIPLIST, ZIPMAP } from './steps.ts';

/** It is too short to be one. */
const NO_BLOB = -1;

/** From here on a ziplist, a listpack (`ziplist.c`, `listpack.c`) and a zipmap (`zipmap.c`) only say "so many, or more". */
const UNCOUNTED = 0xffff;
const UNCOUNTED_ZIPMAP = 254;

/** What a key is told of its collection. */
interface Counted {
  elements: number;
  elementsExact: boolean;
}

/** And of a hash's fields. */
export interface CountedFields {
  expiring: number;
  lastExpiry: number;
  exact: boolean;
}

/** Adds its elements, each of so many entries; false where it is too short to be a collection. */
export function countBlob(kind: number, blob: Capture, entriesEach: number, key: Counted): boolean {
  const entries = blobEntries(kind, blob);
  if (entries === NO_BLOB) return false;
  key.elements += Math.floor(entries / entriesEach);
  if (isLeast(kind, entries)) key.elementsExact = false;
  return true;
}

/** The same of a listpack of fields, values and expiries, and what it says of the expiries. */
export function countFields(blob: Capture, key: Counted, fields: CountedFields): boolean {
  if (!countBlob(LISTPACK, blob, 3, key)) return false;
  const { expiring, last, whole } = expiringFields(blob.bytes, blob.length);
  fields.expiring = expiring;
  fields.lastExpiry = last;
  fields.exact = whole;
  return true;
}

/** The number of entries, or the least that it can be where `isLeast` says so; `NO_BLOB` where there is none. */
function blobEntries(kind: number, { bytes, length }: Capture): number {
  switch (kind) {
    case INTSET:
      return length < 8 ? NO_BLOB : uint16(bytes, 4) + 0x10000 * uint16(bytes, 6);
    case ZIPLIST:
      return length < 10 ? NO_BLOB : uint16(bytes, 8);
    case LISTPACK:
    case AS_NODE:
      return length < 6 ? NO_BLOB : uint16(bytes, 4);
    case ZIPMAP:
      return bytes[0] === undefined || length < 1 ? NO_BLOB : Math.min(bytes[0], UNCOUNTED_ZIPMAP);
    default:
      return NO_BLOB;
  }
}

/** Whether such a number of entries is no exact one. */
function isLeast(kind: number, entries: number): boolean {
  if (kind === INTSET) return false;
  return entries === (kind === ZIPMAP ? UNCOUNTED_ZIPMAP : UNCOUNTED);
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
