/** How much of a hash in a listpack is looked at, whose fields expire by themselves: all of it, unless that would take too long. */
import { Capture } from './capture.ts';
import type { ByteWindow } from './window.ts';

/** Twice what 512 fields of 64 bytes take, above which servers leave listpacks unless they are told otherwise. */
const LIMIT = 128 * 1024;
/**
 * They are looked into at a few hundred megabytes a second, compressed ones as they expand. Real ones expand a few times; a dump in which they
 * expand so many times on average is hostile, and would be walked at the speed of what it expands to.
 */
const MOST_EXPANSION = 16;
const EXPANSION_FOR_ALL = 16 * 1024 * 1024;

export class FieldsCapture {
  /** Made when the first of them comes: hardly any dump has one. */
  #whole: Capture | undefined;
  #expanded = 0;

  /** For the string whose head the window has just read; `head` where only its first few bytes are to be looked at, which say how many there are. */
  choose({ plain, position }: ByteWindow, head: Capture): Capture {
    const expanded = this.#expanded + Math.min(plain, LIMIT);
    if (expanded > EXPANSION_FOR_ALL + MOST_EXPANSION * position) return head;
    this.#expanded = expanded;
    this.#whole ??= new Capture(LIMIT);
    return this.#whole;
  }
}
