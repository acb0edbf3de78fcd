/** Room for a dump is counted before a server is started, its databases too. */
import { expect, test } from 'vitest';
import { memoryShortage, spaceShortage } from '../../src/drill/resources.ts';

const MiB = 1024 * 1024;
const redis = { product: 'Redis', version: '8.6.3' };
const valkey = { product: 'Valkey', version: '9.1.2' };
const needing = (usedMemory?: number) => ({
  auxiliary: usedMemory === undefined ? {} : { 'used-mem': String(usedMemory) },
});

test.each([
  ['what the writer had fits', needing(100 * MiB), redis, 16, 120 * MiB],
  ['nothing is known of an old one', needing(), redis, 16, 1 * MiB],
  ['a server sets nothing aside for databases', needing(1 * MiB), valkey, 1_000_001, 20 * MiB],
])('there is room where %s', (_what, dump, server, databases, available) => {
  expect(memoryShortage(dump, server, databases, available)).toBeUndefined();
});

test.each([
  [
    'what the writer had does not fit',
    needing(100 * MiB),
    redis,
    16,
    /^Redis 8\.6\.3 takes about 117 MiB of memory for this dump, and 110 MiB are free$/,
  ],
  [
    'thirty bytes name database 1,000,000',
    needing(),
    redis,
    1_000_001,
    /about 6\d{3} MiB of memory for this dump, most of it for 1000001 databases, and/,
  ],
])('there is none where %s', (_what, dump, server, databases, sentence) => {
  expect(memoryShortage(dump, server, databases, 110 * MiB)).toMatch(sentence);
});

test('a dump has to fit on the disk as a whole', () => {
  expect(spaceShortage(5 * MiB, 5 * MiB, '/scratch')).toBeUndefined();
  expect(spaceShortage(5 * MiB, 4 * MiB, '/scratch')).toBe(
    'the dump needs 5 MiB in /scratch, and 4 MiB are free',
  );
});
