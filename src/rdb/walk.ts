/** Walks a dump step by step (steps.ts) over whatever bytes are at hand, and goes on later exactly where they ended. */
import type { CensusEnding } from '../domain/census.ts';
import { blobEntries, isLeast, NO_BLOB } from './blob.ts';
import { Capture } from './capture.ts';
import { OPCODE, STEPS } from './format.ts';
import type { RdbListener } from './listener.ts';
import { LAST_PART, readPart, UNKNOWN_PART } from './module-part.ts';
import { Records } from './records.ts';
import { Rounds } from './rounds.ts';
import {
  AS_NODE,
  BLOB,
  ELEMENTS,
  END,
  LENGTH,
  LISTPACK,
  MILLISECONDS,
  MODULE,
  NAME,
  NEXT,
  NODE,
  PARTS,
  REPEAT,
  SCORE,
  SECONDS,
  SKIP,
  STRING,
  TEXT,
} from './steps.ts';
import { ByteWindow, ILLEGAL } from './window.ts';

/** Enough of a key's name to show it and to tell its prefix, and of a library's code to find its name. */
const NAME_LIMIT = 512;
/** The heads of all blobs are shorter. */
const BLOB_LIMIT = 16;
const PLAIN_NODE = 1;
const PACKED_NODE = 2;
const NO_STEPS = new Uint8Array(0);
const TWO_32 = 0x1_0000_0000;
/** The longest score in digits; the three above it are words, without any. */
const LONGEST_SCORE = 252;

/** A class for the same reason as the window: a few hundred million steps a second, and none of them may allocate. */
export class Walk {
  readonly window = new ByteWindow();
  /** How it ended; undefined while it goes on. The end of the file is for whoever feeds it to tell. */
  ending: CensusEnding | undefined;
  /** False for dumps without a CRC-64 behind their end, before version 5. */
  checksummed = true;
  readonly #records: Records;
  readonly #name = new Capture(NAME_LIMIT);
  readonly #text = new Capture(NAME_LIMIT);
  readonly #blob = new Capture(BLOB_LIMIT);
  /** What is being captured now. */
  #capture: Capture | undefined;
  /** Bytes that are still to be passed over, before the next step and after what is captured. */
  #skip = 0;
  #skipLater = 0;
  /** The row that is walked, and the place in it. Its loops are in balance at its end. */
  #steps: Uint8Array = NO_STEPS;
  #step = 0;
  readonly #rounds = new Rounds();
  #node = PACKED_NODE;

  constructor(listener: RdbListener) {
    this.#records = new Records(listener, this.#name);
  }

  /** Goes as far as the bytes at hand reach. What it leaves of them (`window.at`) it needs again, with more behind. */
  run(): void {
    while (this.ending === undefined && this.#advance());
  }

  /** Whether the file may end here. */
  get complete(): boolean {
    return this.#records.finished;
  }

  /** One step; false where it needs more bytes. */
  #advance(): boolean {
    if (this.#skip > 0) return this.#pass();
    if (this.#capture !== undefined) return this.#captured(this.#capture);
    const steps = this.#steps;
    if (steps === NO_STEPS) return this.#begin();
    const { window } = this;
    const at = this.#step;
    switch (steps[at]) {
      case STRING: {
        const kind = window.string();
        if (kind < 0) return this.#halt(kind);
        this.#skip = window.stored;
        return this.#goOn(1);
      }
      case NEXT:
        return this.#goOn(this.#rounds.again() ? -operand(steps, at + 1) : 2);
      case NAME:
        return this.#begun(this.#name);
      case END: {
        this.#steps = NO_STEPS;
        const problem = this.#records.end(window.position);
        return problem === undefined || this.#damaged(window.position, problem);
      }
      case REPEAT:
        return this.#repeat(steps, at);
      case BLOB:
        return this.#node === PLAIN_NODE ? this.#plainNode() : this.#begun(this.#blob);
      default:
        return this.#rareStep(steps, at);
    }
  }

  #rareStep(steps: Uint8Array, at: number): boolean {
    const { window } = this;
    switch (steps[at]) {
      case SKIP:
        this.#skip = operand(steps, at + 1);
        return this.#goOn(2);
      case SCORE: {
        if (window.at >= window.end) return false;
        const digits = window.bytes[window.at++] as number;
        this.#skip = digits > LONGEST_SCORE ? 0 : digits;
        return this.#goOn(1);
      }
      case LENGTH:
      case ELEMENTS: {
        const value = window.length();
        if (value < 0) return this.#halt(value);
        if (steps[at] === LENGTH) this.#records.value = value;
        else this.#records.key.elements = value;
        return this.#goOn(1);
      }
      case MILLISECONDS:
      case SECONDS:
        if (!window.time(steps[at] === SECONDS)) return false;
        this.#records.value = window.milliseconds;
        return this.#goOn(1);
      case TEXT:
        return this.#begun(this.#text);
      case NODE: {
        const node = window.length();
        if (node < 0) return this.#halt(node);
        if (node !== PLAIN_NODE && node !== PACKED_NODE)
          return this.#damaged(window.position - 1, 'a list of no known kind');
        this.#node = node;
        return this.#goOn(1);
      }
      case MODULE: {
        const id = window.length();
        if (id < 0) return this.#halt(id);
        // Only a length of 64 bits is larger, and leaves its halves.
        if (id < TWO_32) this.#records.module(0, id);
        else this.#records.module(window.high, window.low);
        return this.#goOn(1);
      }
      case PARTS:
        return this.#part();
      default:
        throw new Error(`no step has the number ${steps[at]}`);
    }
  }

  #goOn(steps: number): true {
    this.#step += steps;
    return true;
  }

  #begin(): boolean {
    const { window } = this;
    if (window.at >= window.end) return false;
    const { position } = window;
    if (this.#records.finished) return this.#damaged(position, 'more bytes after the end of the dump');
    const code = window.bytes[window.at] as number;
    const steps = STEPS[code];
    if (steps === undefined) {
      const detail = `nothing that this program knows has the type ${code}`;
      this.ending = { kind: 'unknown-type', offset: position, detail };
      return false;
    }
    window.at++;
    if (code === OPCODE.end && !this.checksummed) {
      this.#records.finished = true;
      return true;
    }
    this.#steps = steps;
    this.#step = 0;
    this.#node = PACKED_NODE;
    this.#records.begin(code, position);
    return true;
  }

  /** What to do where a length or a string's head could not be read. */
  #halt(reason: number): false {
    if (reason === ILLEGAL) this.#damaged(this.window.position, 'bytes that are no length');
    return false;
  }

  #damaged(offset: number, detail: string): false {
    this.ending = { kind: 'damaged', offset, detail };
    return false;
  }

  #pass(): boolean {
    const { window } = this;
    const available = window.end - window.at;
    if (this.#skip <= available) {
      window.at += this.#skip;
      this.#skip = 0;
      return true;
    }
    this.#skip -= available;
    window.at = window.end;
    return false;
  }

  #repeat(steps: Uint8Array, at: number): boolean {
    const rounds = this.window.length();
    if (rounds < 0) return this.#halt(rounds);
    this.#records.key.elements += rounds * operand(steps, at + 2);
    if (rounds === 0) return this.#goOn(3 + operand(steps, at + 1));
    this.#rounds.begin(rounds);
    return this.#goOn(3);
  }

  #begun(capture: Capture): boolean {
    const kind = this.window.string();
    if (kind < 0) return this.#halt(kind);
    this.#skipLater = capture.begin(kind, this.window);
    this.#capture = capture;
    return true;
  }

  #captured(capture: Capture): boolean {
    const { window } = this;
    if (!capture.fill(window)) return false;
    this.#capture = undefined;
    this.#skip = this.#skipLater;
    if (!capture.finish())
      return this.#damaged(window.position, 'a compressed string that cannot be expanded');
    if (capture === this.#blob) return this.#counted();
    if (capture === this.#text) this.#records.text(capture);
    return this.#goOn(1);
  }

  #counted(): boolean {
    const steps = this.#steps;
    const operandAt = this.#step + 1;
    const kind = operand(steps, operandAt) === AS_NODE ? LISTPACK : operand(steps, operandAt);
    const entries = blobEntries(kind, this.#blob);
    if (entries === NO_BLOB) return this.#damaged(this.window.position, 'a collection too short to be one');
    const { key } = this.#records;
    key.elements += Math.floor(entries / operand(steps, operandAt + 1));
    if (isLeast(kind, entries)) key.elementsExact = false;
    return this.#goOn(3);
  }

  #plainNode(): boolean {
    const kind = this.window.string();
    if (kind < 0) return this.#halt(kind);
    this.#skip = this.window.stored;
    this.#records.key.elements++;
    return this.#goOn(3);
  }

  #part(): boolean {
    const size = readPart(this.window);
    if (size === LAST_PART) return this.#goOn(1);
    if (size === UNKNOWN_PART)
      return this.#damaged(this.window.position, 'a module’s value of no known kind');
    if (size < 0) return this.#halt(size);
    this.#skip = size;
    return true;
  }
}

function operand(steps: Uint8Array, at: number): number {
  return steps[at] as number;
}
