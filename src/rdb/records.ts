/** What the records of a dump mean: keys with what was said before them, databases, fields, libraries. */
import type { Capture } from './capture.ts';
import { FORMS, OPCODE, TYPES, type ValueForm } from './format.ts';
import type { KeySeen, RdbListener } from './listener.ts';
import { moduleName } from './module-name.ts';
import { printableName } from './printable-name.ts';

/** Redis counts its databases in an `int`. */
const HIGHEST_DATABASE = 0x7fff_ffff;
const NO_FORM: ValueForm = { type: 'string', encoding: 'string', counted: false, droppedEmpty: false };

/** The one key that all are told with. */
class CurrentKey implements KeySeen {
  database = 0;
  code = 0;
  form = NO_FORM;
  readonly name: Uint8Array;
  nameLength = 0;
  nameBytes = 0;
  expires = false;
  expiresAt = 0;
  bytes = 0;
  elements = 0;
  elementsExact = true;

  constructor(name: Uint8Array) {
    this.name = name;
  }
}

export class Records {
  readonly key: CurrentKey;
  /** The last length or time of the record. */
  value = 0;
  /** The end of the dump has been read, checksum and all. */
  finished = false;
  readonly #listener: RdbListener;
  readonly #name: Capture;
  #code = 0;
  #start = 0;
  #texts: string[] = [];
  #moduleHigh = -1;
  #moduleLow = -1;

  /** `name` captures the keys' names. */
  constructor(listener: RdbListener, name: Capture) {
    this.#listener = listener;
    this.#name = name;
    this.key = new CurrentKey(name.bytes);
  }

  begin(code: number, position: number): void {
    this.#code = code;
    this.#start = position;
    this.key.elements = 0;
    this.key.elementsExact = true;
  }

  /** The record's last byte has been read; gives what cannot be about it. */
  end(position: number): string | undefined {
    if (this.#code < TYPES) {
      this.#key(position);
      return undefined;
    }
    switch (this.#code) {
      case OPCODE.expireMilliseconds:
      case OPCODE.expireSeconds:
        this.key.expires = true;
        this.key.expiresAt = this.value;
        return undefined;
      case OPCODE.selectDatabase:
        if (this.value > HIGHEST_DATABASE) return `a database of the number ${this.value}`;
        this.key.database = this.value;
        return undefined;
      case OPCODE.end:
        this.finished = true;
        return undefined;
      default:
        this.#told();
        return undefined;
    }
  }

  text({ bytes, length, whole }: Capture): void {
    this.#texts.push(printableName(bytes.subarray(0, length), length < whole));
  }

  /** Told once where the same module has many values in a row. */
  module(high: number, low: number): void {
    if (high === this.#moduleHigh && low === this.#moduleLow) return;
    this.#moduleHigh = high;
    this.#moduleLow = low;
    this.#listener.module(moduleName(high, low));
  }

  #key(position: number): void {
    const { key } = this;
    key.code = this.#code;
    key.form = FORMS[this.#code] ?? NO_FORM;
    key.bytes = position - this.#start;
    key.nameLength = this.#name.length;
    key.nameBytes = this.#name.whole;
    this.#listener.key(key);
    key.expires = false;
  }

  #told(): void {
    const [first, second] = this.#texts;
    if (first === undefined) return;
    if (second === undefined) this.#listener.library(first);
    else this.#listener.auxiliary(first, second);
    this.#texts = [];
  }
}
