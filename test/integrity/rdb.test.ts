/** The format checks that every dump passes before it may become an archive. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeReceived } from '../../src/integrity/compare.ts';
import { type RdbVerdict, rdbTap } from '../../src/integrity/rdb.ts';
import { auxiliaryField, rdbFile } from '../support/rdb.ts';

function judge(bytes: Buffer, cuts: readonly number[] = []): RdbVerdict {
  const tap = rdbTap();
  const borders = [
    0,
    ...[...cuts].sort((a, b) => a - b).map((cut) => Math.min(cut, bytes.length)),
    bytes.length,
  ];
  for (const [index, start] of borders.slice(0, -1).entries())
    tap.update(bytes.subarray(start, borders[index + 1]));
  return tap.result();
}

const whole = await rdbFile({ fields: { 'redis-ver': '6.2.14', ctime: 1_795_000_000 } });

describe('a dump', () => {
  it('that is whole is accepted, and its header read', async () => {
    expect(judge(whole)).toEqual({
      kind: 'intact',
      facts: {
        family: 'redis',
        version: 11,
        serverVersion: '6.2.14',
        redisVersion: '6.2.14',
        createdAt: '2026-11-18T11:06:40Z',
        checksum: 'verified',
      },
    });
  });

  it('is judged alike however the network cuts it up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(whole.length)), async (cuts) => {
        expect(judge(whole, cuts)).toEqual(judge(whole));
      }),
    );
  });

  it('with any single bit flipped is damaged, or no dump at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        const flipped = Buffer.from(whole);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(judge(flipped).kind).not.toBe('intact');
      }),
      { numRuns: 500 },
    );
  });

  it('cut off anywhere is damaged', async () => {
    for (let length = 1; length < whole.length; length += 1) {
      expect(judge(whole.subarray(0, length)).kind, `${length} bytes`).toBe('damaged');
    }
  });

  it('with a zero footer is accepted as unchecked, never as verified', async () => {
    const unchecked = await rdbFile({ checksum: false });
    expect(judge(unchecked)).toMatchObject({ kind: 'intact', facts: { checksum: 'absent' } });
  });

  it('of a version before checksums needs its end-of-file opcode', async () => {
    const old = Buffer.from('REDIS0004\xfe\x00\xff', 'latin1');
    expect(judge(old)).toMatchObject({ kind: 'intact', facts: { version: 4, checksum: 'absent' } });
    expect(judge(old.subarray(0, -1))).toMatchObject({ kind: 'damaged' });
  });

  it('that is empty is damaged, and says so', async () => {
    expect(judge(Buffer.alloc(0))).toEqual({ kind: 'damaged', problem: 'the file is empty' });
  });

  it('in whose place a web page came is told apart from a damaged one', async () => {
    for (const page of ['<!DOCTYPE html><html>', '\n <html>', '<?xml version="1.0"?><Error>', '{"code":0}']) {
      expect(judge(Buffer.from(page)).kind, page).toBe('web-page');
    }
    expect(judge(Buffer.from('PK\x03\x04 some archive')).kind).toBe('damaged');
  });

  it('is judged without fear of a header that lies about lengths', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (noise) => {
        const verdict = judge(
          Buffer.concat([Buffer.from('REDIS0011'), auxiliaryField('redis-ver', '7'), noise]),
        );
        expect(['intact', 'damaged']).toContain(verdict.kind);
      }),
    );
  });
});

describe('what was received', () => {
  const verified = { kind: 'intact', facts: { version: 11, checksum: 'verified' } } as const;
  const unchecked = { kind: 'intact', facts: { version: 11, checksum: 'absent' } } as const;

  it('is good when length and checksum agree', () => {
    expect(judgeReceived({ size: 10, contentLength: 10, announcedSize: 10, rdb: verified })).toEqual({
      kind: 'good',
      rdb: verified.facts,
    });
  });

  it('is damaged when it is shorter or longer than announced by the download', () => {
    expect(judgeReceived({ size: 9, contentLength: 10, rdb: verified }).kind).toBe('damaged');
  });

  it('keeps another size announced by the API as a warning when the checksum proves the bytes', () => {
    expect(judgeReceived({ size: 10, announcedSize: 12, rdb: verified })).toEqual({
      kind: 'good',
      rdb: verified.facts,
      announcedSize: 12,
    });
  });

  it('is damaged when the API announced another size and no checksum tells which is right', () => {
    expect(judgeReceived({ size: 10, announcedSize: 12, rdb: unchecked }).kind).toBe('damaged');
    expect(judgeReceived({ size: 10, announcedSize: 12 }).kind).toBe('damaged');
  });

  it('is damaged where neither its format nor anybody’s word tells whether it is all', () => {
    expect(judgeReceived({ size: 10 })).toMatchObject({
      kind: 'damaged',
      problem: expect.stringContaining('10 bytes may not be all'),
    });
    expect(judgeReceived({ size: 10, announcedSize: 10 })).toEqual({ kind: 'good' });
    expect(judgeReceived({ size: 10, rdb: verified })).toEqual({ kind: 'good', rdb: verified.facts });
    expect(judgeReceived({ size: 10, rdb: unchecked })).toEqual({ kind: 'good', rdb: unchecked.facts });
  });

  it('is what its format says before anything else but its length', () => {
    const page = { kind: 'web-page', problem: 'a page' } as const;
    expect(judgeReceived({ size: 10, contentLength: 10, announcedSize: 12, rdb: page })).toBe(page);
    expect(judgeReceived({ size: 10, contentLength: 11, rdb: page }).kind).toBe('damaged');
  });

  it('may be of a format that nobody can check, but not empty', () => {
    expect(judgeReceived({ size: 10, contentLength: 10 })).toEqual({ kind: 'good' });
    expect(judgeReceived({ size: 0, contentLength: 0 }).kind).toBe('damaged');
  });
});
