/** The dump inside a file that the cloud encrypted, piece by piece. */
import { createDecipheriv } from 'node:crypto';
import type { Opening } from '../domain/encryption.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import { BLOCK, HEAD, layoutOf } from './cloud-layouts.ts';

/** Throws `not-opened` before anything comes out where no layout fits; afterwards only what `encrypted` throws, or `not-opened` for a file that was cut off. */
export async function* openDump(
  encrypted: AsyncIterable<Uint8Array>,
  secret: Secret,
  { what, onLayout }: Opening,
): AsyncGenerator<Uint8Array> {
  let head: Buffer = Buffer.alloc(0);
  let blocks: Blocks | undefined;
  for await (const chunk of encrypted) {
    if (blocks) {
      yield blocks.push(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < HEAD) continue;
    const { begun, first } = begin(head);
    blocks = begun;
    yield first;
  }
  // Shorter than the longest beginning, and yet a dump: an empty one takes little more than a block.
  if (!blocks) {
    const { begun, first } = begin(head);
    blocks = begun;
    yield first;
  }
  const rest = blocks.end();
  if (rest === undefined) throw notOpened(`${what} does not end with a whole block of its cipher`);
  yield rest;

  function begin(beginning: Buffer): { readonly begun: Blocks; readonly first: Uint8Array } {
    const layout = layoutOf(beginning, secret);
    if (!layout) throw notOpened(`${what} does not open by any layout that is known`);
    onLayout(layout.name);
    const begun = blocksOf(layout.key, layout.iv);
    return { begun, first: begun.push(beginning.subarray(layout.start)) };
  }
}

interface Blocks {
  /** What can be said of the dump so far; the last block is held back, for it may be padding. */
  push(chunk: Uint8Array): Uint8Array;
  /** The last block without its padding; undefined where the file ends within one. */
  end(): Uint8Array | undefined;
}

/** Padding that is none (PKCS #7) is left in place: what of it is no part of the dump, the dump's own end tells. */
function blocksOf(key: Buffer, iv: Buffer): Blocks {
  const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  let held: Buffer = Buffer.alloc(0);
  let taken = 0;
  return {
    push(chunk) {
      taken += chunk.length;
      const plain = decipher.update(chunk);
      if (plain.length === 0) return plain;
      const out = held.length > 0 ? Buffer.concat([held, plain]) : plain;
      held = Buffer.from(out.subarray(-BLOCK));
      return out.subarray(0, -BLOCK);
    },
    end() {
      if (taken % BLOCK !== 0) return undefined;
      const padding = held.at(-1) ?? 0;
      const isPadding =
        padding >= 1 && padding <= BLOCK && held.subarray(-padding).every((byte) => byte === padding);
      return isPadding ? held.subarray(0, -padding) : held;
    },
  };
}

function notOpened(message: string): ArchiverError {
  return new ArchiverError('not-opened', message);
}
