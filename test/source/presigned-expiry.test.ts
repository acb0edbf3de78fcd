/** A link's own word on its end is found in both forms of a link, and nothing else is taken for it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { presignedExpiry } from '../../src/source/presigned-expiry.ts';

const PLACE =
  'https://redis-database-backup-1250000000.cos.ap-guangzhou.myqcloud.com/a/2024-12-23/-100-1.rdb';
const PAIRS =
  'q-sign-algorithm=sha1&q-ak=AKIDEXAMPLE&q-sign-time=1734920000;1734941660&q-key-time=1;2&q-signature=00';

test('reads the end where the signature is one value', () => {
  expect(presignedExpiry(`${PLACE}?sign=${encodeURIComponent(PAIRS)}`)).toBe(1_734_941_660_000);
});

test('reads the end where the pairs are parameters of their own', () => {
  expect(presignedExpiry(`${PLACE}?${PAIRS}&x-cos-security-token=a%2Bb`)).toBe(1_734_941_660_000);
  expect(presignedExpiry(`${PLACE}?q-sign-time=1734920000%3B1734941660`)).toBe(1_734_941_660_000);
});

test.each([
  `${PLACE}`,
  `${PLACE}?sign=`,
  `${PLACE}?q-sign-time=1734920000`,
  `${PLACE}?q-sign-time=1734941660;1734920000`,
  `${PLACE}?q-sign-time=1734920000;99999999999999`,
  `${PLACE}?q-sign-time=;`,
  `${PLACE}?xq-sign-time=1;2`,
  'http://10.66.1.31:5500/download/dump.rdb?AbC/dEf+ghI0123456789==',
  'http://10.66.1.31:5500/download/dump.rdb?100%&q-sign-time=1;2',
  '',
])('says nothing of %s', (address) => {
  expect(presignedExpiry(address)).toBeUndefined();
});

test('never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void presignedExpiry(text)));
});
