/** What a listing said of very many objects, at eight bytes each: enough to tell whether it said exactly this of one. */
import { createHash, randomBytes } from 'node:crypto';
import type { Listed } from '../catalog/verify-archive.ts';

export interface Fingerprints {
  add(key: string, said: Listed): void;
  /** What it said, where that was just this size and ETag; undefined where it was anything else, or nothing. */
  find(key: string, expected: Pick<Listed, 'size' | 'etag'>): Listed | undefined;
}

/** More classes than any store has. */
const MOST_CLASSES = 32;

/**
 * 53 bits of a digest with a salt of this process: that a wrong object passes for a right one takes a chance of one in 10^9 for a million objects,
 * and cannot be prepared.
 */
export function createFingerprints(): Fingerprints {
  const salt = randomBytes(8).toString('hex');
  const classes = new Set<string | undefined>();
  let prints = new Float64Array(1024);
  let size = 0;
  let sorted = false;

  const printOf = (key: string, { size: bytes, etag = '', storageClass = '' }: Listed): number => {
    const text = `${salt}\n${key}\n${bytes}\n${etag}\n${storageClass}`;
    const digest = createHash('sha256').update(text).digest();
    return digest.readUInt32LE(0) * 2 ** 21 + (digest.readUInt32LE(4) >>> 11);
  };

  function has(print: number): boolean {
    if (!sorted) {
      prints = prints.slice(0, size).sort();
      sorted = true;
    }
    let [low, high] = [0, size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((prints[middle] ?? 0) < print) low = middle + 1;
      else high = middle;
    }
    return prints[low] === print;
  }

  return {
    add(key, said) {
      if (classes.size < MOST_CLASSES) classes.add(said.storageClass);
      if (size === prints.length) {
        const larger = new Float64Array(Math.ceil(size * 1.5));
        larger.set(prints);
        prints = larger;
      }
      prints[size] = printOf(key, said);
      size += 1;
      sorted = false;
    },
    find(key, { size: bytes, etag }) {
      for (const storageClass of classes) {
        const said: Listed = {
          size: bytes,
          ...(etag !== undefined && { etag }),
          ...(storageClass !== undefined && { storageClass }),
        };
        if (has(printOf(key, said))) return said;
      }
      return undefined;
    },
  };
}
