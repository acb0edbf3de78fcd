/** The few steps that everything in a dump is made of, and how a form is written down as a row of them. */

/** A string that is only passed over. */
export const STRING = 0;
/** Ends one round of a loop; its operand is how far back the loop begins. */
export const NEXT = 1;
/** A length that says how often the steps up to `NEXT` come; operands: how far ahead they end, elements a round. */
export const REPEAT = 2;
/** The key's name. */
export const NAME = 3;
/** The form is at its end. */
export const END = 4;
/** A string that is a whole collection; its operand is the kind of blob. */
export const BLOB = 5;
/** So many bytes of no interest. */
export const SKIP = 6;
/** A score as text: a length byte (253 to 255: not a number, the two infinities) and so many digits. */
export const SCORE = 7;
/** A length of no interest. */
export const LENGTH = 8;
/** A length that is the number of elements. */
export const ELEMENTS = 9;
/** Whether a quicklist's node is one plain element (1) or a listpack (2). */
export const NODE = 10;
/** A module's name and version, in 64 bits. */
export const MODULE = 11;
/** What a module wrote, each part announced by its kind, up to the end mark. */
export const PARTS = 12;
/** Seconds since the epoch in four bytes, milliseconds in eight; little-endian both. */
export const SECONDS = 13;
export const MILLISECONDS = 14;
/** A string whose text is wanted. */
export const TEXT = 15;
/** As REPEAT, but as often as there are elements, whose number was read before. */
export const AGAIN = 16;
/** When the first of a hash's fields expires, in milliseconds: what the lengths behind it count from. */
export const SOONEST = 17;
/** When a field expires: a length from `SOONEST` on, 0 for never; or a time, negative for never. */
export const FIELD_DELAY = 18;
export const FIELD_TIME = 19;
/** A listpack of fields, values and expiries. */
export const FIELDS = 20;
/** An element of an array: what kind it is, and a string or eight bytes. */
export const TAGGED = 21;

/** Blobs, told apart by where they keep the number of their entries. The operand of `BLOB`: kind and entries an element. */
export const INTSET = 0;
export const ZIPLIST = 1;
export const LISTPACK = 2;
export const ZIPMAP = 3;
/** As the quicklist's `NODE` said. */
export const AS_NODE = 4;

export type Steps = readonly number[];

export const string: Steps = [STRING];
export const name: Steps = [NAME];
export const text: Steps = [TEXT];
export const length: Steps = [LENGTH];
export const elements: Steps = [ELEMENTS];
export const score: Steps = [SCORE];
export const module: Steps = [MODULE];
export const parts: Steps = [PARTS];
export const seconds: Steps = [SECONDS];
export const milliseconds: Steps = [MILLISECONDS];
export const soonest: Steps = [SOONEST];
export const fieldDelay: Steps = [FIELD_DELAY];
export const fieldTime: Steps = [FIELD_TIME];
export const fields: Steps = [FIELDS];
export const tagged: Steps = [TAGGED];
export const node: Steps = [NODE, BLOB, AS_NODE, 1];

export function skip(bytes: number): Steps {
  return [SKIP, bytes];
}

/** `entries`: how many of its entries make one element (a field and its value: 2). */
export function blob(kind: number, entries = 1): Steps {
  return [BLOB, kind, entries];
}

/** A length and so many rounds of the steps, each of which is one element. */
export function each(...body: readonly Steps[]): Steps {
  return loop(REPEAT, 1, body);
}

/** A length and so many rounds of the steps, which are no elements. */
export function repeat(...body: readonly Steps[]): Steps {
  return loop(REPEAT, 0, body);
}

/** The steps once for each of the elements. */
export function forElements(...body: readonly Steps[]): Steps {
  return loop(AGAIN, 0, body);
}

function loop(kind: number, elementsEach: number, body: readonly Steps[]): Steps {
  const steps = body.flat();
  return [kind, steps.length + 2, elementsEach, ...steps, NEXT, steps.length];
}

/** The steps in a row, ended. Rows are short: every operand fits a byte. */
export function row(...steps: readonly Steps[]): Uint8Array {
  return Uint8Array.from([...steps.flat(), END]);
}
