/** Walks a dump step by step (steps.ts) over whatever bytes are at hand, and goes on later exactly where they ended. */
import type { CensusEnding } from '../domain/census.ts';
import { countBlob } from './blob.ts';
import { Capture } from './capture.ts';
import { FieldsCapture } from './fields-capture.ts';
import { FORMATS, type Format, NOTHING_FOLLOWS, OPCODE } from './format.ts';
import type { RdbListener } from './listener.ts';
import { LAST_PART, readPart } from './module-part.ts';
import { Records } from './records.ts';
import { Rounds } from './rounds.ts';
import { problemOf, readScalar } from './scalars.ts';
import {
  AGAIN,
  BLOB,
  END,
  FIELDS,
  MILLISECONDS,
  NAME,
  NEXT,
  NODE,
  PARTS,
  REPEAT,
  SKIP,
  STRING,
  TEXT,
} from './steps.ts';
import { ByteWindow, SHORT } from './window.ts';

/** Enough of a key's name to show it and to tell its prefix, and of a library's code to find its name. */
const NAME_LIMIT = 512;
/** The heads of all blobs are shorter. */
const BLOB_LIMIT = 16;
const PLAIN_NODE = 1;
const PACKED_NODE = 2;
const NO_STEPS = new Uint8Array(0);

/** A class for the same reason as the window: a few hundred million steps a second, and none of them may allocate. */
export class Walk {
  readonly window = new ByteWindow();
  /** How it ended; undefined while it goes on. The end of the file is for whoever feeds it to tell. */
  ending: CensusEnding | undefined;
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
  /** What follows each byte that can begin a record, in the dump's family. */
  #table = FORMATS.redis.steps;
  readonly #fields = new FieldsCapture();

  constructor(listener: RdbListener) {
    this.#records = new Records(listener, this.#name);
  }

  /** Before its first byte: how the dump's family numbers what comes, and whether a CRC-64 stands behind its end. */
  start({ steps, forms }: Format, checksummed: boolean): void {
    this.#table = checksummed ? steps : steps.with(OPCODE.end, NOTHING_FOLLOWS);
    this.#records.forms = forms;
  }

  /** Goes as far as the bytes at hand reach. What it leaves of them (`window.at`) it needs again, with more behind. */
  run(): void {
    while (this.ending === undefined && this.#advance());
  }

  /** Whether the file may end here. */
  get complete(): boolean {
    return this.#records.finished;
  }

  /** What was found besides. */
  get found(): Pick<Records, 'hasChecksum' | 'codes' | 'highestDatabase'> {
    return this.#records;
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
      case END:
        return this.#end();
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
      case MILLISECONDS:
        if (!window.time(false)) return false;
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
      case PARTS:
        return this.#part();
      case FIELDS: {
        const kind = window.string();
        return this.#begunAs(kind < 0 ? this.#blob : this.#fields.choose(window, this.#blob), kind);
      }
      case AGAIN:
        return this.#loop(this.#records.key.elements, steps, at);
      default: {
        const behind = readScalar(operand(steps, at), window, this.#records);
        if (behind < 0) return this.#halt(behind);
        this.#skip = behind;
        return this.#goOn(1);
      }
    }
  }

  #goOn(steps: number): true {
    this.#step += steps;
    return true;
  }

  #begin(): boolean {
    const { window } = this;
    // What follows the end is nobody's.
    if (window.at >= window.end || this.#records.finished) return false;
    const { position } = window;
    const code = window.bytes[window.at] as number;
    const steps = this.#table[code];
    if (steps === undefined) return this.#unknown(code);
    window.at++;
    this.#steps = steps;
    this.#step = 0;
    this.#node = PACKED_NODE;
    this.#records.begin(code, position);
    return true;
  }

  #end(): boolean {
    this.#steps = NO_STEPS;
    const problem = this.#records.end(this.window.position);
    return problem === undefined || this.#damaged(this.window.position, problem);
  }

  #unknown(code: number): false {
    this.#records.codes[code] = 1;
    const detail = `nothing that this program knows has the type ${code}`;
    this.ending = { kind: 'unknown-type', offset: this.window.position, detail };
    return false;
  }

  /** What to do where a length or a string's head could not be read. */
  #halt(reason: number): false {
    if (reason !== SHORT) this.#damaged(this.window.position, problemOf(reason));
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
    return this.#loop(rounds, steps, at);
  }

  #loop(rounds: number, steps: Uint8Array, at: number): boolean {
    if (rounds === 0) return this.#goOn(3 + operand(steps, at + 1));
    this.#rounds.begin(rounds);
    return this.#goOn(3);
  }

  #begun(capture: Capture): boolean {
    return this.#begunAs(capture, this.window.string());
  }

  #begunAs(capture: Capture, kind: number): boolean {
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
    if (capture === this.#name) return this.#goOn(1);
    if (capture !== this.#text) return this.#counted(capture);
    this.#records.text(capture);
    return this.#goOn(1);
  }

  #counted(capture: Capture): boolean {
    const steps = this.#steps;
    const at = this.#step;
    const { key } = this.#records;
    const isBlob = steps[at] === BLOB;
    const isCounted = isBlob
      ? countBlob(operand(steps, at + 1), capture, operand(steps, at + 2), key)
      : this.#records.fields(capture);
    if (!isCounted) return this.#damaged(this.window.position, 'a collection too short to be one');
    return this.#goOn(isBlob ? 3 : 1);
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
    if (size < 0) return this.#halt(size);
    this.#records.modulePart(this.window.integer);
    this.#skip = size;
    return true;
  }
}

function operand(steps: Uint8Array, at: number): number {
  return steps[at] as number;
}
