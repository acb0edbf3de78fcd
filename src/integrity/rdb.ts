/** Judges in passing whether a stream is a whole, undamaged RDB file, and reads what its header says. */
import { type Instant, toInstant } from '../domain/instant.ts';
import type { RdbFacts } from '../domain/manifest.ts';
import {
  hasChecksum,
  MAGIC_LENGTH,
  type RdbMagic,
  readMagic,
  shownMagic,
  writerOf,
} from '../domain/rdb-magic.ts';
import { crc64Tap } from './crc64.ts';
import {
  byteFromEnd,
  bytesBehindEnd,
  bytesBehindZeros,
  CHECKSUM_LENGTH,
  FARTHEST,
  type LastBytes,
  lastBytesTap,
  OPCODE_EOF,
  type SeenEnd,
} from './dump-end.ts';
import { readAuxiliaryFields } from './rdb-header.ts';
import type { Tap } from './taps.ts';

/**
 * What the file turned out to be. `unproved`: an end is there, but bytes follow it, and no checksum says whether what is before them is
 * right: it may be whole. `alien`: it does not even begin as a dump. `web-page`: the answer of some portal or proxy, not the cloud's dump at all.
 */
export type RdbVerdict =
  | { readonly kind: 'intact'; readonly facts: RdbFacts }
  | { readonly kind: 'unproved'; readonly problem: string }
  | { readonly kind: 'damaged'; readonly problem: string; readonly alien?: true }
  | { readonly kind: 'web-page'; readonly problem: string };

/** Whoever walks a dump beside its judge, which hands each piece on before it looks at it. */
export interface DumpWalk {
  update(chunk: Uint8Array): void;
  /** Undefined while it has not been met. Where the walk went astray it may be none, and where it did not come so far it never is. */
  end(): SeenEnd | undefined;
}

/** The auxiliary fields lie at the file's beginning; real ones take about a hundred bytes. */
const HEADER_LIMIT = 4096;
/** Bytes that tell a web page from a dump; a letter that is cut at their end tells nothing. */
export const WEB_PAGE_HEAD = 64;

/** What is remembered of a file, and its checksum. */
interface Remembered {
  readonly head: Buffer;
  readonly last: LastBytes;
  readonly size: number;
  readonly crc: bigint;
  /** Where somebody saw its end, with the checksum up to there. */
  readonly seen?: SeenEnd & { readonly crc: bigint };
}

/**
 * Checks magic, end-of-file opcode and CRC-64, whatever the version; remembers the first and last few kilobytes only. A walk makes the answer
 * no worse: what it sees proves more, and what it does not see nobody misses.
 */
export function rdbTap(walk?: DumpWalk): Tap<RdbVerdict> {
  const [crc, last] = [crc64Tap(), lastBytesTap()];
  let size = 0;
  let head: Buffer = Buffer.alloc(0);
  let seen: Remembered['seen'];

  /** Over all bytes, and on the way over those before the end. */
  function addToChecksum(chunk: Uint8Array): void {
    const end = seen === undefined ? walk?.end() : undefined;
    const before = end === undefined ? 0 : Math.max(0, end.offset - size);
    crc.update(chunk.subarray(0, before));
    if (end !== undefined) seen = { ...end, crc: crc.result() };
    crc.update(chunk.subarray(before));
  }

  return {
    update(chunk) {
      walk?.update(chunk);
      addToChecksum(chunk);
      last.update(chunk);
      if (head.length < HEADER_LIMIT)
        head = Buffer.concat([head, chunk.subarray(0, HEADER_LIMIT - head.length)]);
      size += chunk.byteLength;
    },
    result: () => judge({ head, last: last.result(), size, crc: crc.result(), ...(seen && { seen }) }),
  };
}

/** The checksum first: where it proves a dump, neither an unknown magic nor what follows makes it a damaged one. */
function judge(file: Remembered): RdbVerdict {
  const { head, size } = file;
  if (size === 0) return damaged('the file is empty');
  const magic = readMagic(head);
  // A checksum that begins as 0 does not see them.
  if (!magic && head[0] === 0) return notADump(head);
  const behind = bytesBehindProof(file);
  if (behind !== undefined) return intact(head, magic, 'verified', behind);
  if (!magic) return notADump(head);
  const { last, seen } = file;
  // `rdbchecksum no` writes a footer of zeros: legal, but then nobody can tell whether the bytes are right.
  if (endsWithoutChecksum(last, magic))
    return intact(head, magic, 'absent', seen === undefined ? 0 : size - seen.offset);
  if (seen !== undefined) return judgeBehind(size - seen.offset, seen.hasChecksum);
  if (hasChecksum(magic)) return withoutProof(last);
  return damaged(
    `it does not end with the end-of-file opcode: it was cut off, or other bytes follow, and a dump of version ${magic.version} has no checksum that tells them from it`,
  );
}

function bytesBehindProof({ size, last, crc, seen }: Remembered): number | undefined {
  return seen?.crc === 0n ? size - seen.offset : bytesBehindEnd(last, crc);
}

function endsWithoutChecksum(last: LastBytes, magic: RdbMagic): boolean {
  return hasChecksum(magic) ? bytesBehindZeros(last) === 0 : byteFromEnd(last, 0) === OPCODE_EOF;
}

/** No end is proved, and none was seen. */
function withoutProof(last: LastBytes): RdbVerdict {
  if (byteFromEnd(last, CHECKSUM_LENGTH) === OPCODE_EOF)
    return damaged('its CRC-64 does not match its content');
  const behind = bytesBehindZeros(last);
  if (behind !== undefined) return judgeBehind(behind, false);
  return damaged(
    `it does not end with the end-of-file opcode and a checksum: it was cut off or changed, or more than ${FARTHEST} other bytes follow its end`,
  );
}

/** Of bytes behind an end that is not proved. A few may be some tool's; a changed byte in the middle of a dump may look like an end too. */
function judgeBehind(bytes: number, hasOne: boolean): RdbVerdict {
  if (hasOne && bytes === 0) return damaged('its CRC-64 does not match its content');
  const follow = `${bytes} bytes follow its end, and`;
  if (hasOne) return damaged(`${follow} the CRC-64 there does not match what is before it`);
  if (bytes > FARTHEST)
    return damaged(`${follow} it has no checksum: they are too many to be anything but its own`);
  return { kind: 'unproved', problem: `${follow} it has no checksum that proves what is before them` };
}

function intact(
  head: Buffer,
  magic: RdbMagic | undefined,
  checksum: RdbFacts['checksum'],
  trailingBytes: number,
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
      checksum,
      ...(trailingBytes > 0 && { trailingBytes }),
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
  const problem = `it is no RDB file: it begins with ${contentOf(head)} instead of "REDIS" or "VALKEY", and no checksum says otherwise`;
  if (looksLikeWebPage(head)) return { kind: 'web-page', problem };
  return { kind: 'damaged', problem, ...(!beginsAlmostAsDump(head) && { alien: true }) };
}

/** What the bytes are, never which: they may be somebody's secret. */
function contentOf(head: Buffer): string {
  if (looksLikeWebPage(head)) return 'a web page';
  return /^[\x20-\x7e\s]+$/.test(head.toString('latin1', 0, WEB_PAGE_HEAD)) ? 'text' : 'other bytes';
}

/** With at most one byte wrong, as damage leaves it, or as a server to come may begin its own: capitals and a version. */
function beginsAlmostAsDump(head: Buffer): boolean {
  if (/^[A-Z]{5,6}\d{3,4}$/.test(head.toString('latin1', 0, MAGIC_LENGTH))) return true;
  return ['REDIS', 'VALKEY'].some(
    (magic) => [...Buffer.from(magic)].filter((byte, at) => head[at] !== byte).length < 2,
  );
}

/** True for text that begins as HTML, XML or JSON does. Encrypted bytes may begin with the same two letters, but do not go on as text. */
export function looksLikeWebPage(head: Buffer): boolean {
  const text = head.toString('utf8', 0, WEB_PAGE_HEAD);
  return /^\ufeff?\s*(<[!?a-z]|\{\s*["}])/i.test(text) && !/[^\P{Cc}\s]|\ufffd./su.test(text);
}
