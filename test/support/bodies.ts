/** Bodies to upload: streams of known bytes, cut as a network would cut them, with a producer that reuses its buffer. */

/** Bytes that differ from place to place, the same for the same length and seed. */
export function patterned(size: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = seed;
  for (let index = 0; index < words.length; index += 1) {
    state = Math.imul(state, 1664525) + 1013904223;
    words[index] = state;
  }
  return Buffer.from(words.buffer, 0, size);
}

interface Cuts {
  /** Bytes a chunk. */
  readonly chunkSize?: number;
  /** Called before the chunk at this position is given out; may throw or wait. */
  readonly before?: (position: number) => void | Promise<void>;
}

/** Gives out the bytes in chunks that are all the same buffer, overwritten each time: who keeps one without copying it is caught. */
export async function* streamOf(
  bytes: Uint8Array,
  { chunkSize = 64 * 1024, before }: Cuts = {},
): AsyncGenerator<Uint8Array> {
  const shared = Buffer.alloc(chunkSize);
  for (let position = 0; position < bytes.length; position += chunkSize) {
    await before?.(position);
    const piece = bytes.subarray(position, position + chunkSize);
    shared.set(piece);
    yield shared.subarray(0, piece.length);
    shared.fill(0xee);
  }
  await before?.(bytes.length);
}

export async function collect(body: AsyncIterable<Uint8Array> | undefined): Promise<Buffer | undefined> {
  if (body === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
