/** Parses the head of an HTTP/1.1 answer, trusting nothing: what is not plainly right is not understood, and got may try. */
import type { ResponseHead } from './range-response.ts';

/** A real answer's head takes about a kilobyte. */
export const HEAD_LIMIT = 32 * 1024;
const MOST_HEADERS = 128;

/** `bytes` is everything up to and including the empty line. Undefined for what this parser does not understand. */
export function parseResponseHead(bytes: Buffer): ResponseHead | undefined {
  const lines = bytes.toString('latin1').split('\r\n');
  const [statusLine = '', ...rest] = lines;
  const status = /^HTTP\/1\.1 ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(statusLine)?.[1];
  // The empty line, and the nothing after it.
  if (status === undefined || rest.length < 2 || rest.length - 2 > MOST_HEADERS) return undefined;

  const headers: Record<string, string> = Object.create(null);
  for (const line of rest.slice(0, -2)) {
    const [, name, value] =
      /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    const earlier = headers[key];
    // Two lengths or two ranges are how one server is made to contradict another.
    if (earlier !== undefined && key.startsWith('content-')) return undefined;
    headers[key] = earlier === undefined ? value : `${earlier}, ${value}`;
  }
  return { status: Number(status), headers };
}

/** Where the head ends: the index behind its empty line, or -1 while that has not come. */
export function endOfHead(bytes: Buffer): number {
  const index = bytes.indexOf('\r\n\r\n', 0, 'latin1');
  return index < 0 ? -1 : index + 4;
}

/** The body's length where the head states it plainly; undefined where the body comes in chunks, or until the connection ends. */
export function plainLength({ status, headers }: ResponseHead): number | undefined {
  if (headers['transfer-encoding'] !== undefined || status < 200 || status === 204 || status === 304)
    return undefined;
  const text = headers['content-length'];
  const length = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  return length !== undefined && Number.isSafeInteger(length) ? length : undefined;
}
