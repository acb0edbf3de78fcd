/** The steps that read one small thing and are done: numbers, times, and the heads of what is only passed over. */
import { UNKNOWN_PART } from './module-part.ts';
import type { Records } from './records.ts';
import {
  ELEMENTS,
  FIELD_DELAY,
  FIELD_TIME,
  LENGTH,
  MODULE,
  SCORE,
  SECONDS,
  SOONEST,
  TAGGED,
} from './steps.ts';
import { type ByteWindow, SHORT } from './window.ts';

/** An array's element is of no kind that there is. */
const UNKNOWN_TAG = -5;

/** What is wrong where one of the negative answers came in place of a thing. */
export function problemOf(answer: number): string {
  if (answer === UNKNOWN_PART) return 'a module’s value of no known kind';
  return answer === UNKNOWN_TAG ? 'an array’s element of no known kind' : 'bytes that are no length';
}

/** The longest score in digits; the three above it are words, without any. */
const LONGEST_SCORE = 252;
const TWO_32 = 0x1_0000_0000;
/** The kinds of elements (`AR_RDB_TAG_…`): 0 a string, 1 an integer, 2 a double, 3 a short string. */
const INTEGER_TAG = 1;
const DOUBLE_TAG = 2;
const SHORT_STRING_TAG = 3;

/** Gives how many bytes are to be passed over behind it, or one of the negative answers; takes all of it, or nothing. */
export function readScalar(step: number, window: ByteWindow, records: Records): number {
  switch (step) {
    case SCORE: {
      if (window.at >= window.end) return SHORT;
      const digits = window.bytes[window.at++] as number;
      return digits > LONGEST_SCORE ? 0 : digits;
    }
    case SECONDS:
    case SOONEST:
    case FIELD_TIME:
      return readTime(step, window, records);
    case TAGGED:
      return readTagged(window);
    default:
      return readLength(step, window, records);
  }
}

function readTime(step: number, window: ByteWindow, records: Records): number {
  if (!window.time(step === SECONDS)) return SHORT;
  const { milliseconds } = window;
  if (step === SOONEST) records.soonest(milliseconds);
  else if (step !== FIELD_TIME) records.value = milliseconds;
  else if (milliseconds >= 0) records.fieldExpiry(milliseconds);
  return 0;
}

function readLength(step: number, window: ByteWindow, records: Records): number {
  const value = window.length();
  if (value < 0) return value;
  switch (step) {
    case LENGTH:
      records.value = value;
      return 0;
    case ELEMENTS:
      records.key.elements = value;
      return 0;
    case FIELD_DELAY:
      if (value > 0) records.fieldDelay(value);
      return 0;
    case MODULE:
      // Only a length of 64 bits is larger, and leaves its halves.
      if (value < TWO_32) records.module(0, value);
      else records.module(window.high, window.low);
      return 0;
    default:
      throw new Error(`no step has the number ${step}`);
  }
}

function readTagged(window: ByteWindow): number {
  const { at } = window;
  const tag = window.length();
  if (tag < 0) return tag;
  if (tag === INTEGER_TAG || tag === DOUBLE_TAG) return 8;
  if (tag > SHORT_STRING_TAG) return UNKNOWN_TAG;
  const kind = window.string();
  if (kind === SHORT) window.at = at;
  return kind < 0 ? kind : window.stored;
}
