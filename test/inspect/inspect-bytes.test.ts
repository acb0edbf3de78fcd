/** What `inspect` makes of a file: how the walk and the checksum go together. */
import { describe, expect, test } from 'vitest';
import { inspectBytes } from '../../src/inspect/inspect.ts';
import { streamOf } from '../support/bodies.ts';
import { bytes, dump, key, string } from '../support/rdb-writer.ts';

const records = [key(0, 'a', string('1')), key(0, 'b', string('2'))];
const MARK = Buffer.alloc(40, 1);
const NOISE = Buffer.alloc(10_000, 1);
const ZEROS = Buffer.alloc(1024 * 1024);
const TWO_IN_ONE = bytes(dump(records), dump([]));

async function inspected(file: Buffer) {
  const { items, exitCode, problems } = await inspectBytes(
    'dump.rdb',
    streamOf(file, {
      chunkSize: Math.max(10, file.length >> 8),
    }),
    {
      asOf: 0,
      top: 3,
    },
  );
  const [{ result, detail, checksum, census } = expect.unreachable('there is one file')] = items;
  const { keys, trailingBytes } = census ?? {};
  return {
    exitCode,
    result,
    detail,
    checksum,
    keys,
    trailingBytes,
    problem: problems[0]?.message,
    hint: problems[0]?.hint,
  };
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
    ['with ten thousand bytes behind its end', dump(records, { after: NOISE }), 'verified', NOISE.length],
    ['with a megabyte of zeros behind its end', dump(records, { after: ZEROS }), 'verified', ZEROS.length],
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
    [
      'of Redis 8.8, of which no dump was ever seen, with odd bytes in it and without a checksum',
      dump([...records, key(2, 's', 0x82)], { version: 14, checksum: false }),
      'absent',
    ],
    ['with bytes behind an end of zeros', dump(records, { checksum: false, after: MARK }), 'absent'],
    ['of 2.4, with bytes behind its end', dump(records, { version: 3, after: MARK }), 'absent'],
    [
      'with another dump behind its end, both without a checksum',
      bytes(dump(records, { checksum: false }), dump([], { checksum: false })),
      'absent',
    ],
    [
      'in which the walk meets an end that is not the one that the checksum proves',
      dump([...records, bytes(0xff, 1, 2, 3, 4, 5, 6, 7, 8)]),
      'verified',
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
      'that an end of zeros cuts in two',
      bytes(dump(records, { checksum: false }), NOISE),
      '10000 bytes follow its end, and it has no checksum',
    ],
    [
      'of a server that nobody knows, without a checksum',
      dump(records, { magic: 'OTHERS001', checksum: false }),
      'begins with other bytes',
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

  test.each([
    ['a dump without a checksum', { checksum: false, after: MARK }],
    ['a dump of 2.4', { version: 3, after: MARK }],
  ])('with bytes behind the end of %s blames nobody', async (_, options) => {
    const { problem, hint } = await inspected(dump(records, options));
    expect(problem).toBe(
      'dump.rdb: 40 bytes follow its end, and it has no checksum that proves what is before them',
    );
    expect(hint).toContain('Nothing proves that it is whole');
  });

  test('is not called damaged in a sentence that says that its checksum is right', async () => {
    const broken = dump([...records, key(2, 's', 0x82)]);
    expect(await inspected(broken)).toMatchObject({
      result: 'not-understood',
      detail: expect.stringMatching(/^at byte \d+: /),
    });
    const unknown = await inspected(dump(records, { magic: 'OTHERS001' }));
    expect(unknown).toMatchObject({ result: 'not-understood', checksum: 'verified' });
    expect(unknown.detail).toBe('it begins with "OTHERS001" instead of "REDIS" or "VALKEY" and a version');
    expect(unknown.hint).not.toContain('figures');
  });
});
