/** Reads an answer that is known to be short, and no further: a server that goes on for ever fills no memory. */

/** The body's bytes; undefined where there are more than `limit`, and then the body is given up. */
export async function readAtMost(
  limit: number,
  body: AsyncIterable<Uint8Array>,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) return undefined;
    // Some bodies lend their chunks only until the next one.
    chunks.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(chunks);
}
