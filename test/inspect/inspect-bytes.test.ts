/** What `inspect` makes of a file: how the walk and the checksum go together. */
import { describe, expect, test } from 'vitest';
import { inspectBytes } from '../../src/inspect/inspect.ts';
import { streamOf } from '../support/bodies.ts';
import { bytes, dump, key, string } from '../support/rdb-writer.ts';

const records = [key(0, 'a', string('1')), key(0, 'b', string('2'))];
const MARK = Buffer.alloc(40, 1);
const TWO_IN_ONE = bytes(dump(records), dump([]));

async function inspected(file: Buffer) {
  const { items, exitCode, problems } = await inspectBytes('dump.rdb', streamOf(file, { chunkSize: 10 }), {
    asOf: 0,
    top: 3,
  });
  const [{ result, detail, checksum, census } = expect.unreachable('there is one file')] = items;
  const { keys, trailingBytes } = census ?? {};
  return { exitCode, result, detail, checksum, keys, trailingBytes, problem: problems[0]?.message };
}

describe('a file that is inspected', () => {
  test.each([
    ['whole', dump(records), 'verified', 0],
    ['without a checksum', dump(records, { checksum: false }), 'absent', 0],
    ['of 2.4, before there were checksums', dump(records, { version: 3 }), 'absent', 0],
    ['of a version to come', dump(records, { version: 99 }), 'verified', 0],
    [
      'of a version to come, without a checksum',
      dump(records, { version: 99, checksum: false }),
      'absent',
      0,
    ],
    ['with bytes behind its end', dump(records, { after: MARK }), 'verified', 40],
    ['with bytes behind an end of zeros', dump(records, { checksum: false, after: MARK }), 'absent', 40],
    ['of 2.4, with bytes behind its end', dump(records, { version: 3, after: MARK }), 'absent', 40],
    ['with another dump behind its end', TWO_IN_ONE, 'verified', dump([]).length],
  ])('%s is well', async (_, file, checksum, trailingBytes) => {
    expect(await inspected(file)).toMatchObject({
      exitCode: 0,
      result: 'ok',
      detail: '',
      keys: 2,
      checksum,
      trailingBytes,
    });
  });

  test.each([
    ['whose type nobody knows', dump([...records, bytes(200)]), 'verified'],
    [
      'whose type nobody knows, without a checksum',
      dump([...records, bytes(200)], { checksum: false }),
      'absent',
    ],
    [
      'of a version to come with odd bytes in it',
      dump([...records, key(2, 's', 0x82)], { version: 99 }),
      'verified',
    ],
    [
      'of a version to come with odd bytes in it, without a checksum',
      dump([...records, key(2, 's', 0x82)], { version: 99, checksum: false }),
      'absent',
    ],
  ])('%s is not understood, 3, and shows what comes before', async (_, file, checksum) => {
    expect(await inspected(file)).toMatchObject({ exitCode: 3, result: 'not-understood', keys: 2, checksum });
  });

  test.each([
    ['that is cut off', dump(records).subarray(0, -1), 'cut off'],
    ['of a version to come that is cut off', dump(records, { version: 99 }).subarray(0, -1), 'cut off'],
    ['whose checksum is wrong', bytes(dump(records).subarray(0, -1), 1), 'CRC-64 does not match'],
    [
      'whose checksum is wrong, with bytes behind it',
      bytes(dump(records).subarray(0, -1), 1, MARK),
      '40 bytes follow its end, and the CRC-64 there does not match',
    ],
    [
      'of a server that nobody knows, without a checksum',
      dump(records, { magic: 'OTHERS001', checksum: false }),
      'begins with "OTHERS001',
    ],
  ])('%s is damaged, 4', async (_, file, detail) => {
    expect(await inspected(file)).toMatchObject({
      exitCode: 4,
      result: 'damaged',
      checksum: null,
      detail: expect.stringContaining(detail),
      problem: expect.stringContaining(detail),
    });
  });
});
