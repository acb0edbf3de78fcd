/** Walks over the members of a JSON object in its bytes, one at a time: for an object of which the whole would take ten times its size in memory. */

export interface Member {
  readonly name: string;
  /** The bytes of its value, JSON themselves. */
  readonly value: Buffer;
}

/** The members of the object that `bytes` hold, in their order. Throws a `SyntaxError` where they hold anything else; values are not looked into. */
export function* jsonMembers(bytes: Buffer): Generator<Member> {
  let at = behindSpace(bytes, 0);
  const expect = (byte: number): void => {
    if (bytes[at] !== byte) throw new SyntaxError(`unexpected JSON at byte ${at}`);
    at = behindSpace(bytes, at + 1);
  };
  expect(OPEN);
  for (let first = true; bytes[at] !== CLOSE; first = false) {
    if (!first) expect(COMMA);
    const name = bytes.subarray(at, behindString(bytes, at));
    at = behindSpace(bytes, at + name.length);
    expect(COLON);
    const value = bytes.subarray(at, behindValue(bytes, at));
    yield { name: JSON.parse(name.toString('utf8')) as string, value };
    at = behindSpace(bytes, at + value.length);
  }
  expect(CLOSE);
  if (at !== bytes.length) throw new SyntaxError(`more than one JSON object, at byte ${at}`);
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
const SPACES: readonly (number | undefined)[] = [0x20, 0x09, 0x0a, 0x0d];

function behindSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && SPACES.includes(bytes[at])) at += 1;
  return at;
}

function behindString(bytes: Buffer, from: number): number {
  if (bytes[from] !== QUOTE) throw new SyntaxError(`no JSON string at byte ${from}`);
  for (let at = from + 1; at < bytes.length; at += 1) {
    if (bytes[at] === QUOTE) return at + 1;
    if (bytes[at] === BACKSLASH) at += 1;
  }
  throw new SyntaxError('a JSON string without end');
}

function behindValue(bytes: Buffer, from: number): number {
  if (bytes[from] === QUOTE) return behindString(bytes, from);
  let depth = 0;
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = behindString(bytes, at);
      continue;
    }
    const closes = byte === CLOSE || byte === CLOSE_LIST;
    if (depth === 0 && (closes || byte === COMMA || SPACES.includes(byte))) break;
    if (byte === OPEN || byte === OPEN_LIST) depth += 1;
    if (closes) depth -= 1;
    at += 1;
    if (depth === 0 && closes) break;
  }
  if (at === from || depth !== 0) throw new SyntaxError(`no whole JSON value at byte ${from}`);
  return at;
}
