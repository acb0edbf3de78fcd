/** Judges in passing whether a stream is a whole, undamaged RDB file, and reads what its header says. */
import { type Instant, toInstant } from '../domain/instant.ts';
import type { RdbFacts } from '../domain/manifest.ts';
import { crc64Tap } from './crc64.ts';
import type { Tap } from './taps.ts';

/** What the file turned out to be. `web-page`: the answer of some portal or proxy, not the cloud's dump at all. */
export type RdbVerdict =
  | { readonly kind: 'intact'; readonly facts: RdbFacts }
  | { readonly kind: 'damaged'; readonly problem: string }
  | { readonly kind: 'web-page'; readonly problem: string };

/** `REDIS` and four digits (Redis, `rdb.c`). */
const MAGIC_LENGTH = 9;
/** End-of-file opcode and eight bytes of CRC-64, little-endian, since RDB version 5. */
const TRAILER_LENGTH = 9;
const FIRST_VERSION_WITH_CHECKSUM = 5;
const OPCODE_EOF = 0xff;
const OPCODE_AUX = 0xfa;
/** The auxiliary fields lie at the file's beginning; real ones take about a hundred bytes. */
const HEADER_LIMIT = 4096;
/** Bytes that tell a web page from a dump; a letter that is cut at their end tells nothing. */
export const WEB_PAGE_HEAD = 64;
const INTACT_CRC = 0n;

/** Checks magic, version, end-of-file opcode and CRC-64; remembers the first and last few bytes only. */
export function rdbTap(): Tap<RdbVerdict> {
  const crc = crc64Tap();
  let head: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);

  return {
    update(chunk) {
      crc.update(chunk);
      if (head.length < HEADER_LIMIT)
        head = Buffer.concat([head, chunk.subarray(0, HEADER_LIMIT - head.length)]);
      tail = lastBytes(tail, chunk);
    },
    result: () => judge(head, tail, crc.result()),
  };
}

/** The auxiliary fields at the beginning of a dump: `redis-ver`, `ctime` and others, as text. */
function readAuxiliaryFields(head: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let position = MAGIC_LENGTH;
  while (head[position] === OPCODE_AUX) {
    const name = readString(head, position + 1);
    const value = name && readString(head, name.end);
    if (!name || !value) break;
    fields.set(name.text, value.text);
    position = value.end;
  }
  return fields;
}

function judge(head: Buffer, tail: Buffer, crc: bigint): RdbVerdict {
  if (head.length === 0) return damaged('the file is empty');
  const magic = /^REDIS(\d{4})$/.exec(head.toString('latin1', 0, MAGIC_LENGTH));
  if (!magic) return notADump(head);

  const version = Number(magic[1]);
  if (version < FIRST_VERSION_WITH_CHECKSUM) {
    if (tail.at(-1) !== OPCODE_EOF) return damaged('it does not end with the end-of-file opcode');
    return intact(head, version, 'absent');
  }
  if (tail.length < TRAILER_LENGTH || tail[0] !== OPCODE_EOF) {
    return damaged('it does not end with the end-of-file opcode and a checksum: it was cut off');
  }
  // `rdbchecksum no` writes a footer of zeros: legal, but then nobody can tell whether the bytes are right.
  if (tail.subarray(1).every((byte) => byte === 0)) return intact(head, version, 'absent');
  if (crc !== INTACT_CRC) return damaged('its CRC-64 does not match its content');
  return intact(head, version, 'verified');
}

function intact(head: Buffer, version: number, checksum: RdbFacts['checksum']): RdbVerdict {
  const fields = readAuxiliaryFields(head);
  const redisVersion = fields.get('redis-ver') ?? fields.get('valkey-ver');
  const createdAt = creationTime(fields.get('ctime'));
  return {
    kind: 'intact',
    facts: { version, ...(redisVersion && { redisVersion }), ...(createdAt && { createdAt }), checksum },
  };
}

function creationTime(ctime: string | undefined): Instant | undefined {
  const seconds = Number(ctime);
  return ctime !== undefined && seconds > 0 ? toInstant(seconds * 1000) : undefined;
}

function damaged(problem: string): RdbVerdict {
  return { kind: 'damaged', problem };
}

/** HTML, XML or JSON where a dump should be comes from a proxy or an error page: no reason to call the cloud's copy damaged. */
function notADump(head: Buffer): RdbVerdict {
  const beginning = head.toString('latin1', 0, 16).replaceAll(/[^\x20-\x7e]/g, '.');
  const problem = `it is no RDB file: it begins with "${beginning}" instead of "REDIS"`;
  return { kind: looksLikeWebPage(head) ? 'web-page' : 'damaged', problem };
}

/** True for text that begins as HTML, XML or JSON does. Encrypted bytes may begin with the same two letters, but do not go on as text. */
export function looksLikeWebPage(head: Buffer): boolean {
  const text = head.toString('utf8', 0, WEB_PAGE_HEAD);
  return /^\ufeff?\s*(<[!?a-z]|\{\s*["}])/i.test(text) && !/[^\P{Cc}\s]|\ufffd./su.test(text);
}

function lastBytes(tail: Buffer, chunk: Uint8Array): Buffer {
  if (chunk.byteLength >= TRAILER_LENGTH)
    return Buffer.from(chunk.subarray(chunk.byteLength - TRAILER_LENGTH));
  return Buffer.concat([tail, chunk]).subarray(-TRAILER_LENGTH);
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
