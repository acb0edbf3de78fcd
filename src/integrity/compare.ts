/** Decides whether what was received is what the cloud holds: the only judge of a dump. */
import type { RdbFacts } from '../domain/manifest.ts';
import type { RdbVerdict } from './rdb.ts';

export interface Received {
  /** Bytes. */
  readonly size: number;
  /** The download's Content-Length; absent where it had none. */
  readonly contentLength?: number;
  /** The API's `FileSize`; absent where it had none. */
  readonly announcedSize?: number;
  /** True for one that the cloud encrypted: then nobody says whether the API announces the size of the dump, or of what is delivered. */
  readonly encrypted?: boolean | undefined;
  /** Absent for dumps that are exempt from the format checks (encrypted, CKV, Memcached). */
  readonly rdb?: RdbVerdict;
}

export type Judgement =
  /** `announcedSize` is set where the API announced another size although the CRC proves the bytes: a warning. */
  | { readonly kind: 'good'; readonly rdb?: RdbFacts; readonly announcedSize?: number }
  /** `unproved`: it may be whole, and nothing says so. */
  | { readonly kind: 'damaged'; readonly problem: string; readonly unproved?: true; readonly alien?: true }
  | { readonly kind: 'web-page'; readonly problem: string };

/** Bytes that a cipher in blocks of sixteen may add: a header with a salt, an initialization vector, and the padding. */
const MOST_ADDED = 48;

/** Length first, then the format; without a verified CRC the announced size is the only witness, so then it must agree. */
export function judgeReceived(received: Received): Judgement {
  const { size, contentLength, announcedSize, rdb } = received;
  if (contentLength !== undefined && size !== contentLength) {
    return { kind: 'damaged', problem: `${size} bytes came where ${contentLength} were announced` };
  }
  if (rdb?.kind === 'unproved') return { kind: 'damaged', problem: rdb.problem, unproved: true };
  if (rdb && rdb.kind !== 'intact') return rdb;
  if (!rdb && size === 0) return { kind: 'damaged', problem: 'the file is empty' };
  if (!rdb && contentLength === undefined && announcedSize === undefined) {
    return {
      kind: 'damaged',
      problem: `nobody said how long it is, and its format cannot be checked: ${size} bytes may not be all`,
    };
  }

  const facts = rdb?.facts;
  const differs = announcedSize !== undefined && announcedSize !== size;
  if (differs && facts?.checksum !== 'verified' && !isAddedByCipher(received)) {
    return {
      kind: 'damaged',
      problem: `${size} bytes came where the API announced ${announcedSize}, and no checksum tells which is right`,
    };
  }
  return { kind: 'good', ...(facts && { rdb: facts }), ...(differs && { announcedSize }) };
}

/** Longer by what encryption adds, and all of it, by the download's own word: a sound file must not be called damaged for that. */
function isAddedByCipher({ size, contentLength, announcedSize = 0, encrypted }: Received): boolean {
  const added = size - announcedSize;
  return encrypted === true && contentLength === size && size % 16 === 0 && added > 0 && added <= MOST_ADDED;
}
