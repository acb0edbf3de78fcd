/** What a dump's header says of it, in every form that servers write, and what is made of a header that lies. */
import { describe, expect, it, test } from 'vitest';
import { looksLikeWebPage, type RdbVerdict, rdbTap, WEB_PAGE_HEAD } from '../../src/integrity/rdb.ts';
import { censusTap } from '../../src/rdb/census.ts';

/** The length of a text in the three forms that RDB knows: 6, 14 and 32 bits. */
const SHORT = (length: number) => Buffer.from([length]);
const MIDDLE = (length: number) => Buffer.from([0x40 | (length >> 8), length & 0xff]);
const LONG = (length: number) => {
  const bytes = Buffer.from([0x80, 0, 0, 0, 0]);
  bytes.writeUInt32BE(length, 1);
  return bytes;
};
const text = (value: string, length: (bytes: number) => Buffer = SHORT) =>
  Buffer.concat([length(Buffer.byteLength(value)), Buffer.from(value)]);
const field = (name: Buffer, value: Buffer) => Buffer.concat([Buffer.from([0xfa]), name, value]);

/** A dump without a checksum, whose header is these bytes. */
function judge(header: Buffer, magic = 'REDIS0011'): RdbVerdict {
  const tap = rdbTap();
  tap.update(Buffer.concat([Buffer.from(magic), header, Buffer.from([0xff]), Buffer.alloc(8)]));
  return tap.result();
}

const factsOf = (header: Buffer) => {
  const verdict = judge(header);
  if (verdict.kind !== 'intact') throw new Error(verdict.problem);
  return verdict.facts;
};

describe('a header', () => {
  test.each([
    ['6 bits', SHORT],
    ['14 bits', MIDDLE],
    ['32 bits', LONG],
  ])('is read with lengths of %s, of names and of values, and on behind them', (_, length) => {
    const header = Buffer.concat([
      field(text('some-other', length), text('x'.repeat(60), length)),
      field(text('redis-ver', length), text('7.2.4', length)),
      field(text('ctime', length), text('1795000000', length)),
    ]);
    expect(factsOf(header)).toEqual({
      family: 'redis',
      version: 11,
      serverVersion: '7.2.4',
      redisVersion: '7.2.4',
      createdAt: '2026-11-18T11:06:40Z',
      checksum: 'absent',
    });
  });

  it('is read with texts longer than a short length can say', () => {
    for (const length of [MIDDLE, LONG]) {
      const header = Buffer.concat([
        field(text('some-other'), text('x'.repeat(300), length)),
        field(text('redis-ver'), text('7.2.4')),
      ]);
      expect(factsOf(header)).toMatchObject({ redisVersion: '7.2.4' });
    }
  });

  test.each([
    ['8 bits', Buffer.from([0xc0, 64])],
    ['16 bits', Buffer.from([0xc1, 0x00, 0x10])],
    ['32 bits', Buffer.from([0xc2, 0xc0, 0x86, 0xfd, 0x6a])],
  ])('is read with integers of %s, and on behind them', (_, value) => {
    const header = Buffer.concat([field(text('bits'), value), field(text('redis-ver'), text('7.2.4'))]);
    expect(factsOf(header)).toMatchObject({ redisVersion: '7.2.4' });
  });

  it('has the first of fields that come again, as `inspect` has', () => {
    const twice = Buffer.concat(
      ['7.2.4', '6.0.16'].map((version) => field(text('redis-ver'), text(version))),
    );
    expect(factsOf(twice)).toMatchObject({ redisVersion: '7.2.4' });
    const walk = censusTap({ asOf: 0 });
    walk.update(Buffer.concat([Buffer.from('REDIS0011'), twice, Buffer.from([0xff]), Buffer.alloc(8)]));
    expect(walk.result()).toMatchObject({ serverVersion: '7.2.4' });
  });

  it('tells its time from an integer too, and none where there is none', () => {
    expect(factsOf(field(text('ctime'), Buffer.from([0xc2, 0xc0, 0x86, 0xfd, 0x6a])))).toMatchObject({
      createdAt: '2026-11-18T11:06:40Z',
    });
    expect(factsOf(Buffer.alloc(0))).toEqual({ family: 'redis', version: 11, checksum: 'absent' });
    for (const nonsense of [text('0'), text('soon'), text(''), Buffer.from([0xc0, 0xff])])
      expect(factsOf(field(text('ctime'), nonsense))).not.toHaveProperty('createdAt');
  });

  it('names Valkey’s version as well as Redis’', () => {
    expect(factsOf(field(text('valkey-ver'), text('8.0.1')))).toMatchObject({
      family: 'valkey',
      serverVersion: '8.0.1',
      redisVersion: '8.0.1',
    });
    expect(factsOf(field(text('redis-ver'), text('')))).not.toHaveProperty('redisVersion');
  });

  test.each([
    ['a name that goes on beyond its end', field(SHORT(63), Buffer.from('ctime'))],
    ['a value that goes on beyond its end', field(text('redis-ver'), LONG(4_000_000_000))],
    [
      'a length in a form that nobody writes',
      field(text('redis-ver'), Buffer.from([0x81, 1, 2, 3, 4, 5, 6, 7, 8])),
    ],
    ['a compressed text', field(text('redis-ver'), Buffer.from([0xc3, 5, 7, 1, 2, 3]))],
    ['a name and no value', field(text('redis-ver'), Buffer.alloc(0))],
  ])('with %s is read no further, and the dump is judged all the same', (_, header) => {
    expect(judge(header)).toMatchObject({ kind: 'intact', facts: { version: 11 } });
    expect(factsOf(header)).not.toHaveProperty('redisVersion');
  });

  it('is read as far as it is remembered, to the last byte', () => {
    const limit = 4096;
    const last = field(text('redis-ver'), text('7.2.4'));
    const filler = (space: number) => field(text('f'), text('x'.repeat(space - 1 - 2 - 2), MIDDLE));
    const whole = limit - 'REDIS0011'.length - last.length;
    expect(factsOf(Buffer.concat([filler(whole), last]))).toMatchObject({ redisVersion: '7.2.4' });
    expect(factsOf(Buffer.concat([filler(whole + 1), last]))).not.toHaveProperty('redisVersion');
  });
});

describe('a header that goes on beyond what is remembered of it', () => {
  const limit = 4096;
  const filler = (space: number) => field(text('f'), text('x'.repeat(space - 1 - 2 - 2), MIDDLE));

  test.each([
    ['an integer', field(text('redis-ver'), Buffer.from([0xc2, 0xc0, 0x86, 0xfd, 0x6a]))],
    ['a long text', field(text('redis-ver'), text('7.2.4', LONG))],
    ['a middling text', field(text('redis-ver'), text('7.2.4', MIDDLE))],
    ['a long name', field(text('redis-ver', LONG), text('7.2.4'))],
  ])('with %s across the border is read up to there, wherever the border falls', (_, last) => {
    for (let beyond = 1; beyond < last.length; beyond += 1) {
      const space = limit - 'REDIS0011'.length - last.length + beyond;
      const facts = factsOf(Buffer.concat([filler(space), last, field(text('more'), text('fields'))]));
      expect(facts, `${beyond} bytes beyond`).toEqual({ family: 'redis', version: 11, checksum: 'absent' });
    }
  });
});

describe('what is no dump', () => {
  it('is told by what it is, and not a byte of it is quoted: it may be a secret', () => {
    expect(judge(Buffer.alloc(0), 'PK\u0003\u0004 zip\u0007')).toMatchObject({
      kind: 'damaged',
      problem: expect.stringContaining('begins with other bytes'),
    });
  });
});

describe('the version', () => {
  it('decides whether a checksum is due: from 5 on', () => {
    expect(judge(Buffer.alloc(0), 'REDIS0005')).toMatchObject({ kind: 'intact', facts: { version: 5 } });
    const noChecksum = (magic: string) => {
      const tap = rdbTap();
      tap.update(Buffer.from(`${magic}\xff`, 'latin1'));
      return tap.result().kind;
    };
    expect(noChecksum('REDIS0004')).toBe('intact');
    expect(noChecksum('REDIS0005')).toBe('damaged');
  });

  it.each(['REDIS00x1', 'redis0011', 'xREDIS0011', 'REDIS 011'])('is not read from %j', (magic) => {
    expect(judge(Buffer.alloc(20), magic).kind).toBe('damaged');
  });
});

describe('a web page in a dump’s place', () => {
  it.each([
    '<!doctype html>',
    '<html lang="en">',
    '<?xml version="1.0"?>',
    '\ufeff<html>',
    '  \n\t<HTML>',
    '{"code":4100}',
    '{ "Response": {} }',
    '{}',
    `<html>${'ü'.repeat(100)}`,
  ])('is known by how it begins: %j', (page) => {
    expect(looksLikeWebPage(Buffer.from(page))).toBe(true);
  });

  it.each(['', 'REDIS0011', '< html>', '<1>', 'x<html>', '{code:1}', '<a\u0000b', '{"\u0007'])(
    'is not seen in %j',
    (other) => {
      expect(looksLikeWebPage(Buffer.from(other))).toBe(false);
    },
  );

  it('is not seen in bytes that are no text, and a letter cut at the end is no reason to doubt', () => {
    expect(looksLikeWebPage(Buffer.from([0x3c, 0x61, 0xff, 0xfe, 0x61]))).toBe(false);
    const cut = Buffer.from(`<a${'x'.repeat(WEB_PAGE_HEAD - 3)}ü`);
    expect(looksLikeWebPage(cut.subarray(0, WEB_PAGE_HEAD))).toBe(true);
  });
});
