/** Reads out of a presigned COS link until when it holds. */

/**
 * The end of `q-sign-time` in milliseconds since the epoch, from both forms of a link: `?sign=` with the pairs URL-encoded in one
 * value, and the pairs as parameters of their own. Undefined where it is not written there.
 */
export function presignedExpiry(address: string): number | undefined {
  const match = /[?&=]q-sign-time=(\d{1,11});(\d{1,11})(?:&|$)/.exec(decoded(address));
  if (match === null) return undefined;
  const [begin, end] = [Number(match[1]), Number(match[2])];
  return end > begin ? end * 1000 : undefined;
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return ''; // a stray `%`, as an API 2.0 blob may hold one
  }
}
