/** The socket transport's header parser treats the server as hostile: what is not plainly right is left to got. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOfHead, parseResponseHead, plainLength } from '../../src/transfer/response-head.ts';

const parse = (text: string) => parseResponseHead(Buffer.from(text, 'latin1'));
const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 42\r\nETag: "abc"\r\nX-Empty:\r\n\r\n';

describe('the head of an answer', () => {
  it('is read as it stands, names in lower case', () => {
    expect(parse(GOOD)).toEqual({
      status: 200,
      headers: { 'content-length': '42', etag: '"abc"', 'x-empty': '' },
    });
    expect(parse('HTTP/1.1 206\r\nA: 1\r\nA: 2\r\n\r\n')).toEqual({ status: 206, headers: { a: '1, 2' } });
  });

  it.each([
    ['another version', GOOD.replace('1.1', '1.0')],
    ['no status', GOOD.replace('200', 'abc')],
    ['a status out of range', GOOD.replace('200', '999')],
    ['two lengths', GOOD.replace('ETag', 'Content-Length: 43\r\nETag')],
    ['two ranges', GOOD.replace('ETag: "abc"', 'Content-Range: bytes 0-1/2\r\nContent-Range: bytes 1-1/2')],
    ['a folded line', GOOD.replace('ETag', ' folded\r\nETag')],
    ['a space before the colon', GOOD.replace('ETag:', 'ETag :')],
    ['a bare line feed', GOOD.replace('"abc"', '"abc"\nEvil: 1')],
    ['a zero byte', GOOD.replace('abc', 'a\0c')],
    ['no colon', GOOD.replace('ETag:', 'ETag')],
    ['more headers than any real server sends', GOOD.replace('ETag', `${'A: 1\r\n'.repeat(200)}ETag`)],
  ])('with %s is not understood', (_, text) => {
    expect(parse(text)).toBeUndefined();
  });

  it('never makes the parser throw or take something for a header that is none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(GOOD.length), (noise, at) => {
        const bytes = Buffer.from(GOOD, 'latin1');
        bytes.set(noise.subarray(0, bytes.length - at), at);
        const head = parseResponseHead(bytes);
        if (!head) return;
        for (const [name, value] of Object.entries(head.headers))
          expect(`${name}${value}`).not.toMatch(/[\r\n\0]/);
      }),
    );
  });

  it('ends at its empty line, wherever the network cuts it', () => {
    fc.assert(
      fc.property(fc.nat(GOOD.length - 1), (cut) => {
        expect(endOfHead(Buffer.from(GOOD).subarray(0, cut))).toBe(-1);
        expect(endOfHead(Buffer.from(`${GOOD}body`))).toBe(GOOD.length);
      }),
    );
  });

  it('tells the length of a body only where it is stated plainly', () => {
    const length = (status: number, headers: Record<string, string>) => plainLength({ status, headers });
    expect(length(200, { 'content-length': '42' })).toBe(42);
    expect(length(200, { 'content-length': '0' })).toBe(0);
    for (const text of ['-1', '+1', '1e3', '0x10', '1, 1', '', ' 1', '99999999999999999']) {
      expect(length(200, { 'content-length': text }), text).toBeUndefined();
    }
    expect(length(200, {})).toBeUndefined();
    expect(length(200, { 'content-length': '42', 'transfer-encoding': 'chunked' })).toBeUndefined();
    expect(length(204, { 'content-length': '42' })).toBeUndefined();
    expect(length(100, { 'content-length': '42' })).toBeUndefined();
  });
});
