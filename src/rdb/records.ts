/** What the records of a dump mean: keys with what was said before them, databases, fields, libraries. */
import { type CountedFields, countFields } from './blob.ts';
import type { Capture } from './capture.ts';
import { FORMATS, OPCODE, type ValueForm, VECTOR_SET } from './format.ts';
import type { FieldsSeen, KeySeen, RdbListener } from './listener.ts';
import { moduleName } from './module-name.ts';
import { printableName } from './printable-name.ts';

/** Redis counts its databases in an `int`. */
const HIGHEST_DATABASE = 0x7fff_ffff;
const NO_FORM: ValueForm = {
  row: 0,
  type: 'string',
  encoding: 'string',
  counted: false,
  droppedEmpty: false,
};
/** Of what a vector set writes. */
const PART_WITH_ELEMENTS = 2;

/** The one key that all are told with. */
class CurrentKey implements KeySeen {
  database = 0;
  form = NO_FORM;
  readonly name: Uint8Array;
  nameLength = 0;
  nameBytes = 0;
  expires = false;
  expiresAt = 0;
  bytes = 0;
  elements = 0;
  elementsExact = true;
  fields: FieldsSeen | undefined;

  constructor(name: Uint8Array) {
    this.name = name;
  }
}

export class Records {
  readonly key: CurrentKey;
  /** As the dump's family numbers them. */
  forms: readonly (ValueForm | undefined)[] = FORMATS.redis.forms;
  /** The last length or time of the record. */
  value = 0;
  /** The end of the dump has been read, checksum and all. */
  finished = false;
  /** A CRC-64 stands there, not the zeros of `rdbchecksum no`. */
  hasChecksum = false;
  /** 1 for each type and opcode that was read, and the one at which the walk ended because nobody knows it. */
  readonly codes = new Uint8Array(256);
  /** Of the databases that were selected, whether they hold a key or not; -1 before the first. */
  highestDatabase = -1;
  readonly #listener: RdbListener;
  readonly #name: Capture;
  #code = 0;
  #start = 0;
  #texts: string[] = [];
  #moduleHigh = -1;
  #moduleLow = -1;
  #isVectorSet = false;
  #touched = false;
  #parts = 0;
  #soonest = 1;
  readonly #fields: CountedFields = { expiring: 0, lastExpiry: 0, exact: true };

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
    const form = this.forms[this.#code];
    if (form !== undefined) {
      this.#key(form, position);
      return undefined;
    }
    this.codes[this.#code] = 1;
    switch (this.#code) {
      case OPCODE.expireMilliseconds:
      case OPCODE.expireSeconds:
        this.key.expires = true;
        this.key.expiresAt = this.value;
        return undefined;
      case OPCODE.selectDatabase:
        if (this.value > HIGHEST_DATABASE) return `a database of the number ${this.value}`;
        this.key.database = this.value;
        if (this.value > this.highestDatabase) this.highestDatabase = this.value;
        return undefined;
      case OPCODE.end:
        this.finished = true;
        this.hasChecksum = this.value !== 0;
        return undefined;
      default:
        this.#told();
        if (this.#touched) this.#reset();
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
    const name = moduleName(high, low);
    this.#isVectorSet = name === 'vectorset';
    this.#listener.module(name);
  }

  /** A module wrote this number, or something that is none. */
  modulePart(value: number): void {
    this.#touched = true;
    this.#parts++;
    if (this.#isVectorSet && this.#parts === PART_WITH_ELEMENTS) this.key.elements = value;
  }

  /** What the delays of a hash's fields count from; without it they are times themselves. */
  soonest(milliseconds: number): void {
    this.#hasFields();
    this.#soonest = milliseconds;
  }

  /** A field of a hash expires so much later, from 1 on. */
  fieldDelay(milliseconds: number): void {
    this.fieldExpiry(this.#soonest + milliseconds - 1);
  }

  /** A field of a hash expires then. */
  fieldExpiry(milliseconds: number): void {
    const fields = this.#hasFields();
    fields.expiring++;
    if (milliseconds > fields.lastExpiry) fields.lastExpiry = milliseconds;
  }

  /** A hash in a listpack; false where it is too short to be one. */
  fields(blob: Capture): boolean {
    return countFields(blob, this.key, this.#hasFields());
  }

  #hasFields(): CountedFields {
    this.#touched = true;
    this.key.fields = this.#fields;
    return this.#fields;
  }

  #key(form: ValueForm, position: number): void {
    const { key } = this;
    if (key.form !== form) {
      key.form = form;
      this.codes[this.#code] = 1;
    }
    key.bytes = position - this.#start;
    key.nameLength = this.#name.length;
    key.nameBytes = this.#name.whole;
    if (this.#touched) this.#rareKey();
    else this.#listener.key(key);
    key.expires = false;
  }

  /** One with something that hardly any key has, which is taken back behind it. */
  #rareKey(): void {
    // A module's value is the only thing with parts that has a form.
    if (this.#parts > 0 && this.#isVectorSet) this.key.form = VECTOR_SET;
    this.#listener.key(this.key);
    this.#reset();
  }

  #reset(): void {
    this.key.fields = undefined;
    this.#fields.expiring = 0;
    this.#fields.lastExpiry = 0;
    this.#fields.exact = true;
    this.#soonest = 1;
    this.#parts = 0;
    this.#touched = false;
  }

  #told(): void {
    const [first, second] = this.#texts;
    if (first === undefined) return;
    if (second === undefined) this.#listener.library(first);
    else this.#listener.auxiliary(first, second);
    this.#texts = [];
  }
}
