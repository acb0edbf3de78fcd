/** Names from a dump as text: they are users' data, so they may hold any byte, escape sequences of terminals among them. */

/** Control and format characters (`\p{C}`: also the ones that turn the direction of writing), separators of lines, backslashes. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\\]/gu;

/**
 * UTF-8 where it is that; `\xNN` for every byte of anything else and of what a terminal might obey, `\\` for a backslash: no two
 * names look the same. `cut` adds `…`.
 */
export function printableName(bytes: Uint8Array, cut = false): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  const valid = Buffer.byteLength(text) === buffer.length && Buffer.from(text).equals(buffer);
  const shown = valid
    ? text.replaceAll(UNSAFE, escaped)
    : [...buffer.toString('latin1')].map(asciiOnly).join('');
  return cut ? `${shown}…` : shown;
}

function asciiOnly(character: string): string {
  return /[ -[\]-~]/.test(character) ? character : character === '\\' ? '\\\\' : hex(character.charCodeAt(0));
}

function escaped(character: string): string {
  return character === '\\' ? '\\\\' : [...Buffer.from(character)].map(hex).join('');
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
