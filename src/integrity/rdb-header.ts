/** The auxiliary fields at the beginning of a dump: what its server says of itself. */
import { MAGIC_LENGTH } from '../domain/rdb-magic.ts';

const OPCODE_AUX = 0xfa;

/** `redis-ver`, `ctime` and others, as text, as far as `head` reaches; of those that come again the first, as in a census (src/rdb). */
export function readAuxiliaryFields(head: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let position = MAGIC_LENGTH;
  while (head[position] === OPCODE_AUX) {
    const name = readString(head, position + 1);
    const value = name && readString(head, name.end);
    if (!name || !value) break;
    if (!fields.has(name.text)) fields.set(name.text, value.text);
    position = value.end;
  }
  return fields;
}

/** A string as RDB writes it: a length and bytes, or a small integer (Redis, `rdb.c`, `rdbLoadStringObject`). */
function readString(head: Buffer, position: number): { text: string; end: number } | undefined {
  const first = head[position];
  if (first === undefined) return undefined;
  const integers: Readonly<Record<number, number>> = { 192: 1, 193: 2, 194: 4 };
  const width = integers[first];
  if (width !== undefined) {
    const end = position + 1 + width;
    return end <= head.length ? { text: String(head.readIntLE(position + 1, width)), end } : undefined;
  }
  const length = readLength(head, position);
  if (!length || length.end + length.value > head.length) return undefined;
  const end = length.end + length.value;
  return { text: head.toString('utf8', length.end, end), end };
}

/** Lengths of 6, 14 and 32 bits; anything else does not occur in auxiliary fields. */
function readLength(head: Buffer, position: number): { value: number; end: number } | undefined {
  const first = head[position] ?? 0;
  const kind = first >> 6;
  if (kind === 0) return { value: first & 0x3f, end: position + 1 };
  if (kind === 1 && position + 2 <= head.length)
    return { value: head.readUInt16BE(position) & 0x3fff, end: position + 2 };
  if (first === 0x80 && position + 5 <= head.length)
    return { value: head.readUInt32BE(position + 1), end: position + 5 };
  return undefined;
}
