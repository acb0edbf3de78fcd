/** The order of texts where two machines must agree on it: by code units, whatever the locale. */

/** For `sort`: negative when `left` comes first, 0 for the same text. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
