/** Text of others as it may be shown: no control character of theirs reaches a terminal or a page. */

/** Names and remarks come from the cloud's users: an escape sequence in one must not reach a terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\u{fffd}');
}
