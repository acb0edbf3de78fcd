/** What a checksum proves, and what it does not: magics and versions that nobody knows, and bytes behind a dump's end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc64Tap, unwinding } from '../../src/integrity/crc64.ts';
import { type RdbVerdict, rdbTap } from '../../src/integrity/rdb.ts';
import { keyTotalsTap } from '../../src/rdb/key-totals.ts';
import { RDB_SAMPLES } from '../support/rdb-samples.ts';
import { auxiliary, bytes, dump, key, string } from '../support/rdb-writer.ts';

function judge(file: Uint8Array, cuts: readonly number[] = [], tap = rdbTap()): RdbVerdict {
  const borders = [0, ...cuts.filter((cut) => cut < file.length).toSorted((a, b) => a - b), file.length];
  for (const [index, start] of borders.slice(0, -1).entries())
    tap.update(file.subarray(start, borders[index + 1]));
  return tap.result();
}

const records = [key(0, 'key', string('value'))];
/** The same where the dump is walked beside (`inspect`, `run --inspect`). */
const judgeWalked = (file: Uint8Array, cuts?: readonly number[]) => judge(file, cuts, rdbTap(keyTotalsTap()));
const facts = (file: Uint8Array) => {
  const verdict = judge(file);
  return verdict.kind === 'intact' ? verdict.facts : verdict;
};

/** Nine bytes that begin neither as a dump nor as a page. */
const strangeMagic = fc
  .stringMatching(/^[A-Z]{4}[A-Z0-9]{5}$/)
  .filter((magic) => !/^(REDIS|VALKEY)/.test(magic));
const knownMagic = fc.oneof(
  fc.nat(9994).map((version) => `REDIS${String(version + 5).padStart(4, '0')}`),
  fc.nat(999).map((version) => `VALKEY${String(version).padStart(3, '0')}`),
);

describe('a real dump', () => {
  it.each(RDB_SAMPLES.map((sample) => [sample.name, sample] as const))('is sound: %s', (name, sample) => {
    const [family, serverVersion] = sample.expected.server.split('-');
    expect(facts(sample.bytes)).toMatchObject({
      family,
      serverVersion,
      version: Number(sample.expected.magic.replace(/^\D+/, '')),
      checksum: name.endsWith('nochecksum') ? 'absent' : 'verified',
    });
  });

  it.each(RDB_SAMPLES.map((sample) => [sample.name, sample.bytes] as const))(
    'with one bit flipped is never sound, unless it had no checksum: %s',
    (name, file) => {
      if (name.endsWith('nochecksum')) return;
      fc.assert(
        fc.property(fc.nat(file.length * 8 - 1), (bit) => {
          const flipped = Buffer.from(file);
          flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
          expect(judge(flipped).kind).toBe('damaged');
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe('a dump', () => {
  it('of any version is sound where its end and checksum are', () => {
    fc.assert(
      fc.property(knownMagic, (magic) => {
        const verdict = facts(dump(records, { magic }));
        expect(verdict).toMatchObject({
          family: magic.startsWith('REDIS') ? 'redis' : 'valkey',
          version: Number(magic.replace(/^\D+/, '')),
          checksum: 'verified',
        });
        expect(verdict).not.toHaveProperty('magic');
        expect(facts(dump(records, { magic, checksum: false }))).toMatchObject({ checksum: 'absent' });
      }),
    );
  });

  it('of a magic that nobody knows is sound where the checksum proves it, and shows the magic', () => {
    fc.assert(
      fc.property(strangeMagic, (magic) => {
        expect(facts(dump(records, { magic }))).toEqual({ version: 0, magic, checksum: 'verified' });
      }),
    );
    const bell = dump(records, { magic: '\u0007EDIS0011' });
    expect(facts(bell)).toMatchObject({ magic: '.EDIS0011' });
  });

  it('of a magic that nobody knows is damaged where nothing proves it', () => {
    fc.assert(
      fc.property(strangeMagic, fc.nat(7), (magic, at) => {
        expect(judge(dump(records, { magic, checksum: false })).kind).toBe('damaged');
        const wrong = dump(records, { magic });
        wrong.writeUInt8(wrong.readUInt8(wrong.length - 1 - at) ^ 0x10, wrong.length - 1 - at);
        expect(judge(wrong)).toMatchObject({
          kind: 'damaged',
          problem: expect.stringContaining('it begins with'),
        });
      }),
    );
  });

  it('of a magic that nobody knows is damaged where it begins with a zero, which no checksum sees', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), (zeros) => {
        for (const file of [dump(records), dump(records, { after: Buffer.alloc(40, 1) })])
          expect(judge(bytes(Buffer.alloc(zeros), file)), `${zeros} zeros`).toMatchObject({
            kind: 'damaged',
            problem: expect.stringContaining('it begins with'),
          });
      }),
    );
  });

  it('of a version without a checksum is sound where one proves it all the same', () => {
    for (const version of [0, 4])
      expect(facts(dump(records, { magic: `REDIS000${version}` }))).toMatchObject({
        version,
        checksum: 'verified',
      });
  });

  it('that is nothing but an end is none', () => {
    expect(judge(dump([], { magic: '' })).kind).toBe('damaged');
    expect(judge(Buffer.alloc(100)).kind).toBe('damaged');
    expect(facts(dump([]))).toMatchObject({ version: 11, checksum: 'verified' });
  });

  it('of Valkey always has a checksum, however low its version', () => {
    expect(judge(bytes('VALKEY004', 0xff)).kind).toBe('damaged');
  });
});

describe('bytes behind the end', () => {
  const noise = fc.uint8Array({ minLength: 1, maxLength: 4096 });
  const whole = dump([auxiliary('redis-ver', '6.0.16'), ...records]);

  it('are counted where the checksum before them is right, however the network cuts them up', () => {
    fc.assert(
      fc.property(noise, fc.array(fc.nat(5000), { maxLength: 8 }), (after, cuts) => {
        const verdict = judge(bytes(whole, after), cuts);
        expect(verdict).toMatchObject({
          kind: 'intact',
          facts: { checksum: 'verified', serverVersion: '6.0.16', trailingBytes: after.length },
        });
      }),
    );
  });

  it('may be any number of zeros, however the network cuts them up', () => {
    for (const length of [1, 8, 9, 40, 4096, 4097, 100_000])
      for (const cuts of [[], [whole.length - 3, whole.length + 2], [whole.length + 5000]])
        expect(judge(bytes(whole, Buffer.alloc(length)), cuts), `${length}`).toMatchObject({
          kind: 'intact',
          facts: { checksum: 'verified', trailingBytes: length },
        });
  });

  it('may be a whole dump, whose end is proved as well', () => {
    const second = dump([key(0, 'other', string('dump'))]);
    for (const after of [second, bytes(second, second), bytes(Buffer.alloc(5), second)])
      expect(facts(bytes(whole, after))).toMatchObject({ checksum: 'verified', trailingBytes: after.length });
  });

  it('are not seen in a checksum that ends with a zero behind a value that ends as a dump does', () => {
    let last = 0;
    let file = dump(records);
    for (; file.at(-1) !== 0; last += 1)
      file = dump([key(0, 'key', string(Uint8Array.of(last >> 8, last & 0xff, 0xff)))]);
    expect(judge(file)).toMatchObject({ kind: 'intact' });
    expect(facts(file)).not.toHaveProperty('trailingBytes');
  });

  it('do not hide a magic that nobody knows', () => {
    expect(facts(dump(records, { magic: 'OTHERS001', after: Buffer.alloc(40, 1) }))).toMatchObject({
      magic: 'OTHERS001',
      trailingBytes: 40,
    });
  });

  it('are no excuse for a dump that is cut off, that is changed, or that has no checksum', () => {
    const after = Buffer.alloc(40, 'x');
    for (let length = 1; length < whole.length; length += 1)
      expect(judge(bytes(whole.subarray(0, length), after)).kind, `${length} bytes`).toBe('damaged');
    fc.assert(
      fc.property(fc.nat(whole.length * 8 - 1), (bit) => {
        const flipped = bytes(whole, after);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(judge(flipped).kind).toBe('damaged');
      }),
    );
    expect(judge(dump(records, { version: 4, after }))).toMatchObject({
      kind: 'damaged',
      problem: expect.stringContaining('or other bytes follow'),
    });
  });

  it('that are more than anybody looks through leave it damaged, and nobody says that its checksum is wrong', () => {
    expect(judge(dump(records, { after: Buffer.alloc(5000, 1) }))).toEqual({
      kind: 'damaged',
      problem:
        'it does not end with the end-of-file opcode and a checksum: it was cut off or changed, or more than 4096 other bytes follow its end',
    });
  });
});

describe('bytes behind the end of a dump that has no checksum', () => {
  const after = Buffer.alloc(40, 'x');

  it('leave open whether it is whole: it is neither sound nor called damaged', () => {
    for (const each of [judge, judgeWalked])
      expect(each(dump(records, { checksum: false, after }))).toEqual({
        kind: 'unproved',
        problem: '40 bytes follow its end, and it has no checksum that proves what is before them',
      });
    expect(judgeWalked(dump(records, { version: 4, after })).kind).toBe('unproved');
  });

  it('that are more than anybody looks through leave it damaged', () => {
    for (const each of [judge, judgeWalked])
      expect(each(dump(records, { checksum: false, after: Buffer.alloc(4097, 'x') })).kind).toBe('damaged');
  });

  it('are told where they end as the dump does', () => {
    const second = dump(records, { checksum: false });
    const two = bytes(second, second);
    expect(judge(two)).toMatchObject({ kind: 'intact', facts: { checksum: 'absent' } });
    expect(judgeWalked(two)).toMatchObject({
      kind: 'intact',
      facts: { checksum: 'absent', trailingBytes: second.length },
    });
  });
});

describe('whoever walks a dump', () => {
  const noise = fc.uint8Array({ minLength: 1, maxLength: 10_000 });
  const cuts = fc.array(fc.nat(10_000), { maxLength: 8 });

  it('sees its end, and any number of bytes behind', () => {
    fc.assert(
      fc.property(noise, cuts, (after, borders) => {
        expect(judgeWalked(dump(records, { after }), borders)).toMatchObject({
          kind: 'intact',
          facts: { checksum: 'verified', trailingBytes: after.length },
        });
      }),
    );
  });

  it('tells what follows an end that the checksum does not prove from a dump that was cut off', () => {
    fc.assert(
      fc.property(noise, cuts, fc.nat(63), (after, borders, bit) => {
        const file = dump(records, { after });
        const at = file.length - after.length - 8 + (bit >> 3);
        file.writeUInt8(file.readUInt8(at) ^ (1 << (bit & 7)), at);
        expect(judgeWalked(file, borders)).toEqual({
          kind: 'damaged',
          problem: `${after.length} bytes follow its end, and the CRC-64 there does not match what is before it`,
        });
      }),
    );
  });

  it('turns nothing that is sound into something else, wherever the walk goes astray', () => {
    const odd = dump([bytes(0xff, 1, 2, 3, 4, 5, 6, 7, 8), ...records]);
    expect(judgeWalked(odd)).toEqual(judge(odd));
    expect(judgeWalked(odd)).toMatchObject({ kind: 'intact', facts: { checksum: 'verified' } });
    fc.assert(
      fc.property(noise, knownMagic, (middle, magic) => {
        const file = dump([middle], { magic });
        expect(judgeWalked(file)).toMatchObject({ kind: 'intact', facts: { checksum: 'verified' } });
      }),
    );
  });
});

describe('the checksum', () => {
  it('can be taken back byte by byte, to where there was none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (data) => {
        const tap = crc64Tap();
        tap.update(data);
        const checksum = unwinding(tap.result());
        for (let length = data.length; length > 0; length -= 1) {
          // Nothing but zeros leaves it 0.
          expect(checksum.isZero).toBe(data.subarray(0, length).every((byte) => byte === 0));
          checksum.takeBack(data[length - 1] ?? 0);
        }
        expect(checksum.isZero).toBe(true);
      }),
    );
  });
});
