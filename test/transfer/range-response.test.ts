/** What each answer of the download host means: status x range x ETag x length, one row each. */
import { describe, expect, it } from 'vitest';
import { type Expectation, judgeResponse } from '../../src/transfer/range-response.ts';

const NOW = Date.parse('2026-11-24T03:00:00Z');
const ETAG = '"abc"';
const start: Expectation = { offset: 0 };
const resumed: Expectation = { offset: 40, total: 100, validator: ETAG };
const part = (range: string, more = {}) => ({ 'content-range': range, etag: ETAG, ...more });

const ROWS: [string, Expectation, number, Record<string, string>, object][] = [
  [
    'a whole file',
    start,
    200,
    { 'content-length': '100', etag: ETAG },
    { kind: 'continue', total: 100, validator: ETAG },
  ],
  ['a whole file of unknown length', start, 200, {}, { kind: 'continue' }],
  [
    'a weak ETag, which proves nothing',
    start,
    200,
    { 'content-length': '100', etag: 'W/"abc"' },
    { kind: 'continue', total: 100 },
  ],
  [
    'a file that has another length than before',
    { ...start, total: 99 },
    200,
    { 'content-length': '100' },
    { kind: 'restart' },
  ],
  [
    'a file that has another ETag than before its first byte: others may fetch parts of that one',
    { ...start, total: 100, validator: ETAG },
    200,
    { 'content-length': '100', etag: '"other"' },
    { kind: 'restart' },
  ],
  [
    'the same file, once more from its beginning',
    { ...start, total: 100, validator: ETAG },
    200,
    { 'content-length': '100', etag: ETAG },
    { kind: 'continue', total: 100, validator: ETAG },
  ],
  ['a gzip-encoded body', start, 200, { 'content-encoding': 'gzip' }, { kind: 'retry' }],
  ['an identity-encoded body', start, 200, { 'content-encoding': 'identity' }, { kind: 'continue' }],
  ['a part that nobody asked for', start, 206, part('bytes 0-99/100'), { kind: 'retry' }],
  [
    'the rest, exactly',
    resumed,
    206,
    part('bytes 40-99/100', { 'content-length': '60' }),
    { kind: 'continue', total: 100, validator: ETAG },
  ],
  [
    'the rest, without an ETag of its own',
    resumed,
    206,
    { 'content-range': 'bytes 40-99/100' },
    { kind: 'continue' },
  ],
  [
    'the rest, where the length was not known',
    { offset: 40, validator: ETAG },
    206,
    part('bytes 40-99/100'),
    { kind: 'continue', total: 100 },
  ],
  ['a rest that begins elsewhere', resumed, 206, part('bytes 41-99/100'), { kind: 'restart' }],
  ['a rest that ends early', resumed, 206, part('bytes 40-98/100'), { kind: 'restart' }],
  ['a rest of another total', resumed, 206, part('bytes 40-100/101'), { kind: 'restart' }],
  ['a rest of unknown total', resumed, 206, part('bytes 40-99/*'), { kind: 'restart' }],
  ['a rest of another file', resumed, 206, part('bytes 40-99/100', { etag: '"other"' }), { kind: 'restart' }],
  [
    'a rest whose length contradicts its range',
    resumed,
    206,
    part('bytes 40-99/100', { 'content-length': '59' }),
    { kind: 'restart' },
  ],
  ['a rest that does not say what it is', resumed, 206, {}, { kind: 'restart' }],
  ['a range with something behind it', resumed, 206, part('bytes 40-99/100, and more'), { kind: 'restart' }],
  ['a range with something before it', resumed, 206, part('some bytes 40-99/100'), { kind: 'restart' }],
  [
    'a gzip-encoded rest',
    resumed,
    206,
    part('bytes 40-99/100', { 'content-encoding': ' GZIP ' }),
    { kind: 'retry', cause: expect.stringContaining('gzip') },
  ],
  [
    'a rest in an empty encoding',
    resumed,
    206,
    part('bytes 40-99/100', { 'content-encoding': ' ' }),
    { kind: 'continue' },
  ],
  [
    'the middle, exactly',
    { ...resumed, end: 60 },
    206,
    part('bytes 40-59/100', { 'content-length': '20' }),
    { kind: 'continue', total: 100, validator: ETAG },
  ],
  [
    'all of the rest where only the middle was wanted',
    { ...resumed, end: 60 },
    206,
    part('bytes 40-99/100'),
    { kind: 'restart', cause: expect.stringContaining('those up to 59 from 40') },
  ],
  ['too little of the middle', { ...resumed, end: 60 }, 206, part('bytes 40-58/100'), { kind: 'restart' }],
  ['a file whose length is no longer told', { ...start, total: 100 }, 200, {}, { kind: 'continue' }],
  ['Range ignored', resumed, 200, { 'content-length': '100', etag: ETAG }, { kind: 'restart' }],
  ['If-Match failed', resumed, 412, {}, { kind: 'restart' }],
  ['a range past the end', resumed, 416, {}, { kind: 'restart' }],
  ['416 for a plain request', start, 416, {}, { kind: 'retry' }],
  ['412 for a plain request', start, 412, {}, { kind: 'retry' }],
  ['refused', start, 403, {}, { kind: 'refused' }],
  ['not authorised', start, 401, {}, { kind: 'refused' }],
  ['not there', start, 404, {}, { kind: 'missing' }],
  ['gone', resumed, 410, {}, { kind: 'missing' }],
  ['too many requests', start, 429, { 'retry-after': '7' }, { kind: 'retry', retryAfterMs: 7000 }],
  [
    'unavailable until a date',
    start,
    503,
    { 'retry-after': 'Tue, 24 Nov 2026 03:00:30 GMT' },
    { kind: 'retry', retryAfterMs: 30_000 },
  ],
  [
    'unavailable until a date that has passed',
    start,
    503,
    { 'retry-after': 'Tue, 24 Nov 2026 02:00:00 GMT' },
    { kind: 'retry', retryAfterMs: 0 },
  ],
  ['unavailable with nonsense', start, 503, { 'retry-after': 'soon' }, { kind: 'retry' }],
  ['a server error', resumed, 500, {}, { kind: 'retry' }],
  [
    'a proxy that refuses in its place',
    start,
    407,
    {},
    { kind: 'retry', cause: expect.stringContaining('the proxy wants a user name and password') },
  ],
  ['a redirect that was not followed', start, 302, {}, { kind: 'retry' }],
];

describe('an answer of the download host', () => {
  it.each(ROWS)('%s', (_, expected, status, headers, verdict) => {
    expect(judgeResponse({ status, headers }, expected, NOW)).toMatchObject(verdict);
  });

  it('is told of with what it says, and nothing else', () => {
    expect(judgeResponse({ status: 200, headers: {} }, start, NOW)).toEqual({ kind: 'continue' });
    const weak = { etag: 'W/"abc"', 'content-length': '100' };
    expect(judgeResponse({ status: 200, headers: weak }, start, NOW)).toEqual({
      kind: 'continue',
      total: 100,
    });
    expect(judgeResponse({ status: 503, headers: {} }, start, NOW)).toEqual({
      kind: 'retry',
      cause: 'the download host answered 503',
    });
  });

  it('never goes on without a validator that it was given', () => {
    const verdict = judgeResponse(
      { status: 206, headers: part('bytes 40-99/100') },
      { offset: 40, total: 100 },
      NOW,
    );
    expect(verdict.kind).toBe('restart');
  });
});
