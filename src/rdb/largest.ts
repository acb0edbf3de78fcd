/** The N largest keys: a heap of N places, so that most keys cost one comparison. */
import type { LargeKey } from '../domain/census.ts';
import { toInstant } from '../domain/instant.ts';
import type { KeySeen } from './listener.ts';
import { printableName } from './printable-name.ts';

/** The last instant that a date can hold; a server takes later ones. */
const LAST_DATE = 8.64e15;

export interface Largest {
  offer(key: KeySeen): void;
  /** Largest first. */
  result(): LargeKey[];
}

export function createLargest(limit: number): Largest {
  /** Smallest at the top. */
  const heap: LargeKey[] = [];
  let least = limit > 0 ? 0 : Number.POSITIVE_INFINITY;

  function bytesAt(index: number): number {
    return heap[index]?.bytes ?? Number.POSITIVE_INFINITY;
  }

  function swap(one: number, other: number): void {
    const [left, right] = [heap[one], heap[other]];
    if (left === undefined || right === undefined) return;
    heap[one] = right;
    heap[other] = left;
  }

  function sinkTop(): void {
    for (let index = 0; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const smaller = bytesAt(right) < bytesAt(left) ? right : left;
      if (bytesAt(smaller) >= bytesAt(index)) return;
      swap(index, smaller);
      index = smaller;
    }
  }

  function raiseLast(): void {
    for (let index = heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (bytesAt(parent) <= bytesAt(index)) return;
      swap(index, parent);
      index = parent;
    }
  }

  return {
    offer(key) {
      if (key.bytes <= least) return;
      if (heap.length < limit) {
        heap.push(kept(key));
        raiseLast();
      } else {
        heap[0] = kept(key);
        sinkTop();
      }
      if (heap.length === limit) least = bytesAt(0);
    },
    result: () => heap.toSorted((left, right) => right.bytes - left.bytes),
  };
}

function kept(key: KeySeen): LargeKey {
  const { form, nameLength } = key;
  return {
    name: printableName(key.name.subarray(0, nameLength), nameLength < key.nameBytes),
    database: key.database,
    type: form.type,
    bytes: key.bytes,
    ...(form.counted && { elements: key.elements }),
    ...(key.expires && Math.abs(key.expiresAt) <= LAST_DATE && { expiresAt: toInstant(key.expiresAt) }),
  };
}
