/** What a checksum proves, and what it does not: magics and versions that nobody knows, and bytes behind a dump's end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc64Tap, unwinding } from '../../src/integrity/crc64.ts';
import { type RdbVerdict, rdbTap } from '../../src/integrity/rdb.ts';
import { RDB_SAMPLES } from '../support/rdb-samples.ts';
import { auxiliary, bytes, dump, key, string } from '../support/rdb-writer.ts';

function judge(file: Uint8Array, cuts: readonly number[] = []): RdbVerdict {
  const tap = rdbTap();
  const borders = [0, ...cuts.filter((cut) => cut < file.length).toSorted((a, b) => a - b), file.length];
  for (const [index, start] of borders.slice(0, -1).entries())
    tap.update(file.subarray(start, borders[index + 1]));
  return tap.result();
}

const records = [key(0, 'key', string('value'))];
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
        expect(judge(wrong)).toMatchObject({ kind: 'damaged', problem: expect.stringContaining(magic) });
      }),
    );
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

  it('may be as many as 4096 zeros', () => {
    for (const length of [1, 8, 9, 40, 4096])
      expect(facts(bytes(whole, Buffer.alloc(length))), `${length}`).toMatchObject({
        checksum: 'verified',
        trailingBytes: length,
      });
  });

  it('may look like the end of a dump without a checksum', () => {
    expect(facts(dump(records, { after: bytes(0xff, Buffer.alloc(8)) }))).toMatchObject({
      checksum: 'verified',
      trailingBytes: 9,
    });
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
    expect(judge(dump(records, { checksum: false, after })).kind).toBe('damaged');
    expect(judge(dump(records, { version: 4, after })).kind).toBe('damaged');
  });

  it('that are more than anybody looks through leave it damaged', () => {
    expect(judge(dump(records, { after: Buffer.alloc(5000, 1) }))).toMatchObject({
      kind: 'damaged',
      problem: expect.stringContaining('or other bytes follow'),
    });
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
