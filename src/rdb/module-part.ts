/** What a module wrote, part by part: each is announced by its kind, so that it can be passed over without that module. */
import { type ByteWindow, ILLEGAL, SHORT } from './window.ts';

/** The end mark. */
export const LAST_PART = -3;
/** Of no kind that there is. */
export const UNKNOWN_PART = -4;

/** The kinds (`RDB_MODULE_OPCODE_…`): 0 the end, 1 and 2 integers, 3 a float, 4 a double, 5 a string. */
const FLOAT = 3;
const DOUBLE = 4;
const STRING = 5;

/** Reads the head of a part; gives how many bytes of it follow, or one of the negative answers. Takes all of the head, or nothing; an integer goes to `window.integer`. */
export function readPart(window: ByteWindow): number {
  const { at } = window;
  const kind = window.length();
  if (kind < 0) return kind;
  if (kind === 0) return LAST_PART;
  if (kind === FLOAT) return 4;
  if (kind === DOUBLE) return 8;
  if (kind > STRING) {
    window.at = at;
    return UNKNOWN_PART;
  }
  const found = kind === STRING ? window.string() : window.length();
  if (found === SHORT) window.at = at;
  if (found === SHORT || found === ILLEGAL) return found;
  if (kind === STRING) return window.stored;
  window.integer = found;
  return 0;
}
