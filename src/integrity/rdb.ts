/** Judges in passing whether a stream is a whole, undamaged RDB file, and reads what its header says. */
import { type Instant, toInstant } from '../domain/instant.ts';
import type { RdbFacts } from '../domain/manifest.ts';
import { hasChecksum, type RdbMagic, readMagic, shownMagic, writerOf } from '../domain/rdb-magic.ts';
import { crc64Tap } from './crc64.ts';
import { bytesBehindEnd, lastBytesTap, OPCODE_EOF, TRAILER_LENGTH } from './dump-end.ts';
import { readAuxiliaryFields } from './rdb-header.ts';
import { sizeTap, type Tap } from './taps.ts';

/** What the file turned out to be. `web-page`: the answer of some portal or proxy, not the cloud's dump at all. */
export type RdbVerdict =
  | { readonly kind: 'intact'; readonly facts: RdbFacts }
  | { readonly kind: 'damaged'; readonly problem: string }
  | { readonly kind: 'web-page'; readonly problem: string };

/** The auxiliary fields lie at the file's beginning; real ones take about a hundred bytes. */
const HEADER_LIMIT = 4096;
/** Bytes that tell a web page from a dump; a letter that is cut at their end tells nothing. */
export const WEB_PAGE_HEAD = 64;

/** What is remembered of a file, and its checksum. */
interface Remembered {
  readonly head: Buffer;
  readonly last: Uint8Array;
  readonly size: number;
  readonly crc: bigint;
}

/** Checks magic, end-of-file opcode and CRC-64, whatever the version; remembers the first and last few kilobytes only. */
export function rdbTap(): Tap<RdbVerdict> {
  const [size, crc, last] = [sizeTap(), crc64Tap(), lastBytesTap()];
  let head: Buffer = Buffer.alloc(0);

  return {
    update(chunk) {
      for (const tap of [size, crc, last]) tap.update(chunk);
      if (head.length < HEADER_LIMIT)
        head = Buffer.concat([head, chunk.subarray(0, HEADER_LIMIT - head.length)]);
    },
    result: () => judge({ head, last: last.result(), size: size.result(), crc: crc.result() }),
  };
}

/** The checksum first: where it proves a dump, neither an unknown magic nor what follows makes it a damaged one. */
function judge({ head, last, size, crc }: Remembered): RdbVerdict {
  if (size === 0) return damaged('the file is empty');
  const magic = readMagic(head);
  if (magic && !hasChecksum(magic)) {
    if (last.at(-1) !== OPCODE_EOF) return damaged('it does not end with the end-of-file opcode');
    return intact(head, magic, { checksum: 'absent' });
  }
  const trailingBytes = bytesBehindEnd(last, crc);
  if (trailingBytes !== undefined)
    return intact(head, magic, { checksum: 'verified', ...(trailingBytes > 0 && { trailingBytes }) });
  if (!magic) return notADump(head);
  if (last.at(-TRAILER_LENGTH) !== OPCODE_EOF)
    return damaged(
      'it does not end with the end-of-file opcode and a checksum: it was cut off, or other bytes follow that no checksum tells from it',
    );
  // `rdbchecksum no` writes a footer of zeros: legal, but then nobody can tell whether the bytes are right.
  if (last.subarray(1 - TRAILER_LENGTH).every((byte) => byte === 0))
    return intact(head, magic, { checksum: 'absent' });
  return damaged('its CRC-64 does not match its content');
}

function intact(
  head: Buffer,
  magic: RdbMagic | undefined,
  proof: Pick<RdbFacts, 'checksum' | 'trailingBytes'>,
): RdbVerdict {
  // Of a magic that nobody knows not even the length is known.
  const fields = magic ? readAuxiliaryFields(head) : new Map<string, string>();
  const writer = writerOf((name) => fields.get(name), magic);
  const { serverVersion: redisVersion } = writer;
  const createdAt = creationTime(fields.get('ctime'));
  return {
    kind: 'intact',
    facts: {
      version: magic?.version ?? 0,
      ...(!magic && { magic: shownMagic(head) }),
      ...writer,
      ...(redisVersion && { redisVersion }),
      ...(createdAt && { createdAt }),
      ...proof,
    },
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
  const problem = `it is no RDB file: it begins with "${shownMagic(head, 16)}" instead of "REDIS" or "VALKEY", and no checksum says otherwise`;
  return { kind: looksLikeWebPage(head) ? 'web-page' : 'damaged', problem };
}

/** True for text that begins as HTML, XML or JSON does. Encrypted bytes may begin with the same two letters, but do not go on as text. */
export function looksLikeWebPage(head: Buffer): boolean {
  const text = head.toString('utf8', 0, WEB_PAGE_HEAD);
  return /^\ufeff?\s*(<[!?a-z]|\{\s*["}])/i.test(text) && !/[^\P{Cc}\s]|\ufffd./su.test(text);
}
