/** Reads a dump that comes in pieces of any size, without keeping any of it: the reader behind `inspect` and `run --inspect`. */
import type { CensusEnding } from '../domain/census.ts';
import { hasChecksum, MAGIC_LENGTH, type RdbMagic, readMagic, shownMagic } from '../domain/rdb-magic.ts';
import { FORMATS } from './format.ts';
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
  /** The dump's end; undefined until it has been read. */
  readonly dumpEnd: DumpEnd | undefined;
  /** Whose format it is; undefined where it begins as none. */
  readonly magic: RdbMagic | undefined;
  /** The types and opcodes that were read so far, by their numbers; the one too at which the walk ended because nobody knows it. */
  readonly codes: readonly number[];
  /** The highest database that was selected so far, whether it holds a key or not; -1 for none. */
  readonly highestDatabase: number;
}

export interface DumpEnd {
  /** Bytes before it, the checksum included. */
  readonly offset: number;
  /** Whether a CRC-64 stands there: false for zeros in its place, and for versions that had none. */
  readonly hasChecksum: boolean;
}

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
  let magic: RdbMagic | undefined;
  /** Where the walk is; once it is complete, the dump's end. */
  let ended = 0;

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

  function takeMagic(chunk: Uint8Array): number {
    const added = Math.min(chunk.length, MAGIC_LENGTH - left);
    joint.set(chunk.subarray(0, added), left);
    left += added;
    if (left === MAGIC_LENGTH) start();
    return added;
  }

  function start(): void {
    begun = true;
    left = 0;
    const head = joint.subarray(0, MAGIC_LENGTH);
    magic = readMagic(head);
    if (magic === undefined) {
      const detail = `it begins with "${shownMagic(head)}" instead of "REDIS" or "VALKEY" and a version`;
      walk.ending = { kind: 'not-a-dump', offset: 0, detail };
      return;
    }
    walk.start(FORMATS[magic.family], hasChecksum(magic));
    listener.magic(magic);
  }

  /** Nobody is to blame for what a version to come means by its bytes. */
  function ofVersion(ending: CensusEnding): CensusEnding {
    if (ending.kind === 'complete' || magic === undefined) return ending;
    const { newest } = FORMATS[magic.family];
    if (magic.version <= newest) return ending;
    const detail = `${ending.detail} (it is of version ${magic.version}, and this program knows those up to ${newest})`;
    return { ...ending, kind: 'unknown-type', detail };
  }

  function read(chunk: Uint8Array): void {
    const from = !begun ? takeMagic(chunk) : left > 0 ? readJoint(chunk) : 0;
    if (walk.ending !== undefined || walk.complete || from === chunk.length) return;
    window.open(chunk, from, size);
    walk.run();
    if (!walk.complete) keepRest(chunk);
  }

  return {
    update(piece) {
      // A plain view of it: with one kind of array everywhere the engine reads them much faster.
      if (walk.ending === undefined && !walk.complete) {
        read(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
        ended = window.position;
      }
      size += piece.byteLength;
    },
    end() {
      if (walk.complete) return { kind: 'complete' };
      if (walk.ending !== undefined) return ofVersion(walk.ending);
      if (!begun) return { kind: 'not-a-dump', offset: 0, detail: `it has only ${size} bytes` };
      return ofVersion({ kind: 'damaged', offset: size, detail: 'the file ends in the middle of a dump' });
    },
    get dumpEnd() {
      if (!walk.complete || magic === undefined) return undefined;
      return { offset: ended, hasChecksum: walk.found.hasChecksum && hasChecksum(magic) };
    },
    get magic() {
      return magic;
    },
    get codes() {
      const { codes } = walk.found;
      return Array.from(codes.keys()).filter((code) => codes[code] === 1);
    },
    get highestDatabase() {
      return walk.found.highestDatabase;
    },
    get size() {
      return size;
    },
  };
}
