/** The sandbox's dumps: the committed ones are what Redis wrote, the synthetic ones are valid at any size. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ECMA, JONES } from '../../src/sandbox/crc64.ts';
import type { Dump } from '../../src/sandbox/dump.ts';
import { REAL_DUMPS, type RealDumpName, realDump, realDumpPath } from '../../src/sandbox/real-dumps.ts';
import { SMALLEST_SYNTHETIC_DUMP, syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { describeWith } from '../support/needs.ts';

const MIB = 1024 * 1024;
const run = promisify(execFile);
const names = Object.keys(REAL_DUMPS) as RealDumpName[];

function bytesOf(dump: Dump, start = 0, end = dump.size): Buffer {
  return Buffer.concat([...dump.read(start, end)]);
}

describe('CRC-64', () => {
  test('gives the check values of both polynomials', () => {
    expect(JONES.update(0n, Buffer.from('123456789'))).toBe(0xe9c6d914c4b8d9can);
    expect(ECMA.update(0n, Buffer.from('123456789'))).toBe(0x995dc9bbdf1939fan);
  });

  test.each([
    ['Jones', JONES],
    ['ECMA', ECMA],
  ])('of %s is the same in one piece and put together from two', (_name, crc64) => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 2000 }), (a, b) => {
        const [crcA, crcB] = [crc64.update(0n, a), crc64.update(0n, b)];
        expect(crc64.combine(crcA, crcB, crc64.power(b.length))).toBe(crc64.update(crcA, b));
      }),
    );
  });
});

describe('a real dump', () => {
  test.each(names)('%s ends with the checksum of all before it, or with none', (name) => {
    const bytes = bytesOf(realDump(name));
    expect(bytes.subarray(0, 5).toString()).toBe('REDIS');
    expect(bytes.at(-9)).toBe(0xff);
    const footer = bytes.readBigUInt64LE(bytes.length - 8);
    expect(footer).toBe(name === 'unchecked.rdb' ? 0n : JONES.update(0n, bytes.subarray(0, -8)));
  });

  test('is small enough to be committed, all of them together', () => {
    expect(names.reduce((sum, name) => sum + realDump(name).size, 0)).toBeLessThan(MIB);
  });
});

describe('a synthetic dump', () => {
  test.each([SMALLEST_SYNTHETIC_DUMP, 200, MIB, MIB + 120, 3 * MIB + 7, 5_000_011])(
    'of %i bytes has that size and the right checksums',
    (size) => {
      const dump = syntheticDump({ size, seed: size });
      const bytes = bytesOf(dump);
      expect(bytes.length).toBe(size);
      // The checksum over a whole intact file is 0.
      expect(JONES.update(0n, bytes)).toBe(0n);
      expect(dump.crc64ecma()).toBe(String(ECMA.update(0n, bytes)));
    },
  );

  test('gives in any range what the whole file holds there', () => {
    const dump = syntheticDump({ size: 3 * MIB + 333, seed: 5 });
    const whole = bytesOf(dump);
    fc.assert(
      fc.property(fc.nat(dump.size), fc.nat(dump.size), (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        expect(bytesOf(dump, start, end).equals(whole.subarray(start, end))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('is the same for one seed and another for the next', () => {
    const digest = (seed: number) => bytesOf(syntheticDump({ size: 1000, seed })).toString('hex');
    expect(digest(1)).toBe(digest(1));
    expect(new Set([1, 2, 3, 4, 5, 6, 7, 8].map(digest)).size).toBe(8);
  });

  test('of 20 GiB is ready at once and knows its end', () => {
    const size = 20 * 1024 * MIB;
    const end = bytesOf(syntheticDump({ size }), size - 9, size);
    expect(end[0]).toBe(0xff);
    expect(end.readBigUInt64LE(1)).not.toBe(0n);
  });

  test('is refused where there is no room for a key', () => {
    expect(() => syntheticDump({ size: SMALLEST_SYNTHETIC_DUMP - 1 })).toThrow(RangeError);
  });
});

describeWith(['redis-check-rdb'], "Redis' own checker", () => {
  test.each(names)('accepts %s and finds the keys that it should hold', async (name) => {
    const { stdout } = await run('redis-check-rdb', [fileURLToPath(realDumpPath(name))]);
    expect(stdout).toContain('RDB looks OK');
    expect(stdout).toContain(`${REAL_DUMPS[name]} keys read`);
  });

  test('accepts a synthetic dump', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'synthetic-'));
    const path = join(folder, 'dump.rdb');
    await writeFile(path, bytesOf(syntheticDump({ size: 3 * MIB + 7 })));
    try {
      const { stdout } = await run('redis-check-rdb', [path]);
      expect(stdout).toContain('3 keys read');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
