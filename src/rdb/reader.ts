/** Reads a dump that comes in pieces of any size, without keeping any of it: the reader behind `inspect` and `run --inspect`. */
import type { CensusEnding } from '../domain/census.ts';
import type { RdbListener } from './listener.ts';
import { Walk } from './walk.ts';
import { LONGEST_UNIT } from './window.ts';

export interface RdbReader {
  /** The next bytes; none of them is kept. Never throws, whatever they are. */
  update(chunk: Uint8Array): void;
  /** The file has ended: how the walk went. */
  end(): CensusEnding;
  /** Bytes of the file so far, whatever the walk understood of them. */
  readonly size: number;
}

/** `REDIS` and four digits (Redis, `rdb.c`). */
const MAGIC_LENGTH = 9;
const NEWEST_VERSION = 12;
const FIRST_VERSION_WITH_CHECKSUM = 5;
/** What was left over, and enough of the next piece to read on past it. */
const JOINT_LENGTH = 2 * LONGEST_UNIT;

/** Tells the listener what it finds, in the order of the file. */
export function createRdbReader(listener: RdbListener): RdbReader {
  const walk = new Walk(listener);
  const { window } = walk;
  const joint = new Uint8Array(JOINT_LENGTH);
  let left = 0;
  let size = 0;
  let begun = false;

  /** Keeps what the walk has left of a piece: the beginning of something that it reads as a whole. */
  function keepRest(bytes: Uint8Array): void {
    left = walk.ending === undefined ? bytes.length - window.at : 0;
    for (let index = 0; index < left; index++) joint[index] = bytes[window.at + index] as number;
  }

  /** Reads over the joint of two pieces; gives how many bytes of the new one that took. */
  function readJoint(chunk: Uint8Array): number {
    const before = left;
    const added = Math.min(chunk.length, JOINT_LENGTH - before);
    joint.set(chunk.subarray(0, added), before);
    const joined = joint.subarray(0, before + added);
    window.open(joined, 0, size - before);
    walk.run();
    if (walk.ending !== undefined || window.at >= before) {
      left = 0;
      return window.at - before;
    }
    // Only a piece that was used up can leave part of what was left before.
    keepRest(joined);
    return added;
  }

  function readMagic(chunk: Uint8Array): number {
    const added = Math.min(chunk.length, MAGIC_LENGTH - left);
    joint.set(chunk.subarray(0, added), left);
    left += added;
    if (left === MAGIC_LENGTH) start();
    return added;
  }

  function start(): void {
    begun = true;
    left = 0;
    const magic = Buffer.from(joint.buffer, 0, MAGIC_LENGTH).toString('latin1');
    const version = /^REDIS\d{4}$/.test(magic) ? Number(magic.slice(5)) : 0;
    if (magic.startsWith('VALKEY')) {
      const detail = `it begins with "${magic}": the format that Valkey 9 began, which this program does not know`;
      walk.ending = { kind: 'unknown-type', offset: 0, detail };
    } else if (version === 0) {
      const shown = magic.replaceAll(/[^\x20-\x7e]/g, '.');
      walk.ending = {
        kind: 'not-a-dump',
        offset: 0,
        detail: `it begins with "${shown}" instead of "REDIS" and a version`,
      };
    } else if (version > NEWEST_VERSION) {
      const detail = `it is of version ${version}, and this program knows those up to ${NEWEST_VERSION}`;
      walk.ending = { kind: 'unknown-type', offset: 5, detail };
    }
    walk.checksummed = version >= FIRST_VERSION_WITH_CHECKSUM;
    if (version > 0) listener.version(version);
  }

  function read(chunk: Uint8Array): void {
    const from = !begun ? readMagic(chunk) : left > 0 ? readJoint(chunk) : 0;
    if (walk.ending !== undefined || from === chunk.length) return;
    window.open(chunk, from, size);
    walk.run();
    keepRest(chunk);
  }

  return {
    update(piece) {
      // A plain view of it: with one kind of array everywhere the engine reads them much faster.
      if (walk.ending === undefined) read(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
      size += piece.byteLength;
    },
    end() {
      if (walk.ending !== undefined) return walk.ending;
      if (walk.complete) return { kind: 'complete' };
      if (!begun) return { kind: 'not-a-dump', offset: 0, detail: `it has only ${size} bytes` };
      return { kind: 'damaged', offset: size, detail: 'the file ends in the middle of a dump' };
    },
    get size() {
      return size;
    },
  };
}
