/**
 * How the cloud may have encrypted a dump by AES-256-CBC: a closed list of the usual layouts. Nobody outside has documented the real one, so
 * each is tried on the first block, and one that brings a dump's magic to light is taken; the CRC-64 of the whole is the proof.
 */
import { createDecipheriv, createHash, pbkdf2Sync } from 'node:crypto';
import { readMagic } from '../domain/rdb-magic.ts';
import type { Secret } from '../domain/secret.ts';

/** Bytes: of the cipher's block, of its key, of a salt (`openssl enc`). */
export const BLOCK = 16;
const KEY = 32;
const SALT = 8;

/** What `openssl enc` puts in front, with a salt behind it. */
const SALTED = Buffer.from('Salted__');

/** As `openssl enc -pbkdf2` counts where nobody says otherwise (its `enc.c`, `PBKDF2_ITER_DEFAULT`). */
const PBKDF2_ITERATIONS = 10_000;

/** So many first bytes decide: a header, an initialization vector and one block. */
export const HEAD = SALTED.length + SALT + BLOCK + BLOCK;

export interface Layout {
  /** In words, for instance `key in hex, IV in front`. */
  readonly name: string;
  readonly key: Buffer;
  readonly iv: Buffer;
  /** Where the encrypted bytes begin. */
  readonly start: number;
}

/** The first layout by which the beginning of the file is the beginning of a dump; undefined where none is. */
export function layoutOf(head: Buffer, secret: Secret): Layout | undefined {
  for (const layout of candidates(head, secret.reveal())) if (fits(layout, head)) return layout;
  return undefined;
}

function fits({ key, iv, start }: Layout, head: Buffer): boolean {
  const block = head.subarray(start, start + BLOCK);
  if (block.length < BLOCK) return false;
  const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  return readMagic(decipher.update(block)) !== undefined;
}

/** Keys as they are first: they cost nothing, and a password takes ten thousand rounds. */
function* candidates(head: Buffer, text: string): Generator<Layout> {
  const salted = head.subarray(0, SALTED.length).equals(SALTED);
  const header = salted ? SALTED.length + SALT : 0;
  const behind = salted ? ' behind a header of openssl' : '';
  for (const [form, key] of keysOf(text)) {
    const front = head.subarray(header, header + BLOCK);
    if (front.length === BLOCK)
      yield { name: `${form}, IV in front${behind}`, key, iv: front, start: header + BLOCK };
    yield { name: `${form}, IV of zeros${behind}`, key, iv: Buffer.alloc(BLOCK), start: header };
  }
  const salt = salted ? head.subarray(SALTED.length, header) : Buffer.alloc(0);
  for (const [form, derive] of DERIVATIONS) {
    const both = derive(text, salt);
    yield {
      name: `password of openssl enc, ${form}${salted ? '' : ', no salt'}`,
      key: both.subarray(0, KEY),
      iv: both.subarray(KEY, KEY + BLOCK),
      start: header,
    };
  }
}

/** 32 bytes, however they are written. */
function* keysOf(text: string): Generator<[form: string, key: Buffer]> {
  const plain = Buffer.from(text, 'utf8');
  if (plain.length === KEY) yield ['key as text', plain];
  if (/^[0-9a-f]{64}$/i.test(text)) yield ['key in hex', Buffer.from(text, 'hex')];
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) yield ['key in base64', Buffer.from(text, 'base64')];
}

type Derive = (password: string, salt: Buffer) => Buffer;

const DERIVATIONS: readonly (readonly [form: string, derive: Derive])[] = [
  ['PBKDF2', (password, salt) => pbkdf2Sync(password, salt, PBKDF2_ITERATIONS, KEY + BLOCK, 'sha256')],
  ['SHA-256', (password, salt) => bytesToKey('sha256', password, salt)],
  ['MD5', (password, salt) => bytesToKey('md5', password, salt)],
];

/** OpenSSL's `EVP_BytesToKey` with one round: each digest goes into the next. */
function bytesToKey(digest: 'sha256' | 'md5', password: string, salt: Buffer): Buffer {
  let all: Buffer = Buffer.alloc(0);
  let last: Buffer = Buffer.alloc(0);
  while (all.length < KEY + BLOCK) {
    last = createHash(digest).update(last).update(password, 'utf8').update(salt).digest();
    all = Buffer.concat([all, last]);
  }
  return all;
}
