/**
 * Text that others wrote (names and remarks of the cloud's users, messages of servers, ids where they are shown), made fit to be shown: nothing in
 * it moves a cursor, turns the direction of writing, begins a line that would pass for ours, or goes on for megabytes.
 */

/**
 * Controls (C0, DEL, C1: U+009B alone begins an escape sequence), what turns the direction of writing or takes no room beside it (Unicode
 * TR36 2.10), separators of lines and paragraphs, halves of pairs.
 */
const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const MARK = '\u{fffd}';

/** Of a name, a remark or a tag, in UTF-16 units; the cloud's consoles take sixty for a name, and 255 for a tag. */
const LONGEST_NAME = 256;
/** Of a message: a screen full. */
const LONGEST_MESSAGE = 2000;

/** On one line; what must not be shown becomes U+FFFD. Of any length. */
export function printable(text: string): string {
  return text.replaceAll(/[\t\n\v\f\r]+/g, ' ').replaceAll(UNFIT, MARK);
}

/** A name or remark for good: what is kept of it, and shown. Ends in `…` where it was cut. */
export function tidyName(text: string): string {
  return tidy(text, LONGEST_NAME);
}

/** A message of somebody else, or with words of somebody else in it. Ends in `…` where it was cut. */
export function tidyMessage(text: string): string {
  return tidy(text, LONGEST_MESSAGE);
}

/** The same JSON, with escapes for what a terminal, or a reader line by line, would take for more than text: the data stay exact. */
export function harmlessJson(json: string): string {
  return json.replaceAll(
    /[\x7f-\x9f\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu,
    (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    },
  );
}

function tidy(text: string, longest: number): string {
  // Cut first: the rest of a long one need not be looked at.
  return text.length > longest ? `${printable(text.slice(0, longest - 1))}…` : printable(text);
}
