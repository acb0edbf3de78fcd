/** Reads an answer that is known to be short, and no further: a server that goes on for ever fills no memory. */

/** The body's bytes; undefined where there are more than `limit`, and then the body is given up. */
export async function readAtMost(
  limit: number,
  body: AsyncIterable<Uint8Array>,
): Promise<Buffer | undefined> {
  let bytes: Buffer = Buffer.alloc(0);
  let size = 0;
  for await (const chunk of body) {
    const before = size;
    size += chunk.byteLength;
    if (size > limit) return undefined;
    // One growing buffer: many small ones, which are freed late, would take as much again.
    if (size > bytes.length) bytes = grown(bytes, Math.min(limit, Math.max(size, 2 * bytes.length)));
    bytes.set(chunk, before);
  }
  return bytes.subarray(0, size);
}

function grown(bytes: Buffer, size: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(size);
  larger.set(bytes);
  return larger;
}
