/** LZF, the compression of strings in a dump (liblzf, `lzf_d.c`): only as much of a string as somebody wants to see. */

export const MALFORMED = -1;

/**
 * Writes the first bytes of what `source` expands to into `target`, until either is full or at its end, and gives their number;
 * `MALFORMED` where that cannot be. A token that is cut at the end of the source is malformed too, unless the source is only a
 * `part` of the string's.
 */
export function expand(
  source: Uint8Array,
  sourceLength: number,
  target: Uint8Array,
  limit: number,
  part: boolean,
): number {
  let from = 0;
  let to = 0;
  while (from < sourceLength && to < limit) {
    const control = byteAt(source, from++);
    if (control < 32) {
      const end = from + control + 1;
      if (end > sourceLength && !part) return MALFORMED;
      while (from < end && from < sourceLength && to < limit) target[to++] = byteAt(source, from++);
      continue;
    }
    const wide = control >> 5 === 7;
    if (from + (wide ? 2 : 1) > sourceLength) return part ? to : MALFORMED;
    const length = 2 + (wide ? 7 + byteAt(source, from++) : control >> 5);
    let back = to - ((control & 31) << 8) - byteAt(source, from++) - 1;
    if (back < 0) return MALFORMED;
    for (let left = length; left > 0 && to < limit; left--) target[to++] = byteAt(target, back++);
  }
  return to;
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}
