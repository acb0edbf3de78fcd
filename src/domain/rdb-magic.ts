/** How a dump begins: the one place that says what is an RDB file, for whoever judges, tries, reads or restores one. */

/** Whose format it is. They parted after version 11, so that one number may mean two things from there on. */
export type RdbFamily = 'redis' | 'valkey';

export interface RdbMagic {
  readonly family: RdbFamily;
  /** Of the format; any number is one, whether we know it or not. */
  readonly version: number;
}

/** The server that wrote a dump, as the dump says. */
export interface RdbWriter {
  /** By its own words, else by the magic: Valkey writes what goes to an older replica as `REDIS0011`. */
  readonly family?: RdbFamily;
  readonly serverVersion?: string;
}

/** Bytes: `REDIS` and four digits (Redis, `rdb.c`), or `VALKEY` and three (Valkey 9.0, `rdb.c`). */
export const MAGIC_LENGTH = 9;

/** Before this version of Redis' an end-of-file opcode was all that stood at a dump's end (Redis 2.6, `rdb.c`). */
const FIRST_VERSION_WITH_CHECKSUM = 5;

const NAMES: Readonly<Record<RdbFamily, string>> = { redis: 'Redis', valkey: 'Valkey' };

const MAGIC = /^(?:REDIS(?<redis>\d{4})|VALKEY(?<valkey>\d{3}))$/;

/** What the first bytes say; undefined where they are no magic that we know. */
export function readMagic(head: Uint8Array): RdbMagic | undefined {
  const { redis, valkey } = MAGIC.exec(textOf(head.subarray(0, MAGIC_LENGTH)))?.groups ?? {};
  if (redis !== undefined) return { family: 'redis', version: Number(redis) };
  if (valkey !== undefined) return { family: 'valkey', version: Number(valkey) };
  return undefined;
}

/** Whether eight bytes of CRC-64 follow the end-of-file opcode. */
export function hasChecksum({ family, version }: RdbMagic): boolean {
  return family === 'valkey' || version >= FIRST_VERSION_WITH_CHECKSUM;
}

/** What a server calls itself in a field of the dump's header, and the family that it belongs to. */
export function writerOf(
  field: (name: string) => string | undefined,
  magic: RdbMagic | undefined,
): RdbWriter {
  const [valkey, redis] = [field('valkey-ver'), field('redis-ver')];
  const version = valkey ?? redis;
  const family = valkey !== undefined ? 'valkey' : redis !== undefined ? 'redis' : magic?.family;
  return { ...(family && { family }), ...(version && { serverVersion: version }) };
}

/** `Valkey 9.1.2`; undefined where the dump does not say which server wrote it. */
export function serverName({ family, serverVersion }: RdbWriter): string | undefined {
  if (serverVersion === undefined) return undefined;
  return family === undefined ? `server version ${serverVersion}` : `${NAMES[family]} ${serverVersion}`;
}

/** The first bytes for people, with dots for what cannot be printed. */
export function shownMagic(head: Uint8Array, length = MAGIC_LENGTH): string {
  return textOf(head.subarray(0, length)).replaceAll(/[^\x20-\x7e]/g, '.');
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
