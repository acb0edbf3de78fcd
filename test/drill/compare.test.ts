/** A server holds exactly what the dump holds, or the difference is told. */
import { describe, expect, test } from 'vitest';
import type { Census } from '../../src/domain/census.ts';
import { differences, readEmptySkipped, readKeyspace } from '../../src/drill/compare.ts';

const INFO =
  '# Keyspace\r\ndb0:keys=12,expires=3,avg_ttl=0\r\ndb9:keys=1,expires=0,avg_ttl=0,subexpiry=0\r\n';

function census(...databases: [number, number, number, number, number][]): Census {
  const rows = databases.map(([database, keys, expiring, expired, empty]) => ({
    database,
    keys,
    expiring,
    expired,
    empty,
    bytes: 0,
  }));
  const ending = { kind: 'complete' };
  return {
    ending,
    databases: rows,
    keys: rows.reduce((sum, { keys }) => sum + keys, 0),
  } as unknown as Census;
}

/** The same, of a dump that holds more than could be read. */
function begun(...databases: Parameters<typeof census>): Census {
  return { ...census(...databases), ending: { kind: 'unknown-type', offset: 99, detail: 'type 99' } };
}

const loaded = (emptySkipped: number, ...databases: [number, number, number][]) => ({
  emptySkipped,
  databases: databases.map(([database, keys, expires]) => ({ database, keys, expires })),
});

test('reads what the server says of its databases, whatever newer versions add', () => {
  expect(readKeyspace(INFO)).toEqual([
    { database: 0, keys: 12, expires: 3 },
    { database: 9, keys: 1, expires: 0 },
  ]);
  expect(readKeyspace('# Keyspace\r\n')).toEqual([]);
});

test('reads how many empty keys the server left out', () => {
  const line = (more: string) =>
    `1:S 24 Nov 2026 07:49:58.511 * Done loading RDB, keys loaded: 5, keys expired: 0${more}.`;
  expect(readEmptySkipped(['something', line(', empty keys skipped: 7')])).toBe(7);
  expect(readEmptySkipped([line('')])).toBe(0);
});

describe('nothing differs', () => {
  test.each([
    ['the same keys', census([0, 12, 3, 0, 0], [9, 1, 0, 0, 0]), loaded(0, [0, 12, 3], [9, 1, 0])],
    ['no keys at all', census(), loaded(0)],
    ['keys that have expired and are still there', census([0, 12, 12, 12, 0]), loaded(0, [0, 12, 12])],
    ['empty keys that the server leaves out', census([0, 12, 3, 0, 2]), loaded(2, [0, 10, 3])],
    ['empty keys that an old server keeps', census([0, 12, 3, 0, 2]), loaded(0, [0, 12, 3])],
    ['an empty key that has expired, too', census([0, 12, 3, 1, 1]), loaded(2, [0, 10, 2])],
  ])('with %s', (_what, dump, server) => {
    expect(differences(dump, server)).toEqual([]);
  });
});

describe('a difference is', () => {
  test.each([
    [
      'a key less',
      census([0, 12, 3, 0, 0]),
      loaded(0, [0, 11, 3]),
      'database 0 holds 11 keys where the dump has 12',
    ],
    ['a key more', census([0, 12, 3, 0, 0]), loaded(0, [0, 13, 3]), 'database 0 holds 13 keys'],
    [
      'a database less',
      census([0, 1, 0, 0, 0], [4, 2, 0, 0, 0]),
      loaded(0, [0, 1, 0]),
      'database 4 holds 0 keys',
    ],
    ['a database more', census([0, 1, 0, 0, 0]), loaded(0, [0, 1, 0], [2, 1, 0]), 'database 2 holds 1 keys'],
    [
      'a key in another database',
      census([0, 2, 0, 0, 0]),
      loaded(0, [0, 1, 0], [1, 1, 0]),
      'database 0 holds 1 keys',
    ],
    [
      'fewer keys than the empty ones explain',
      census([0, 12, 0, 0, 2]),
      loaded(2, [0, 9, 0]),
      'database 0 holds 9',
    ],
    ['a time to live less', census([0, 12, 3, 0, 0]), loaded(0, [0, 12, 2]), 'in database 0 2 keys expire'],
    ['an expired key less', census([0, 12, 12, 12, 0]), loaded(0, [0, 11, 11]), 'database 0 holds 11 keys'],
  ])('%s', (_what, dump, server, sentence) => {
    expect(differences(dump, server).join('\n')).toContain(sentence);
  });
});

describe('where a dump was not read to its end', () => {
  test.each([
    ['the server may hold more', begun([0, 12, 3, 0, 0]), loaded(0, [0, 20, 9], [5, 1, 1])],
    ['and no more', begun([0, 12, 3, 0, 0]), loaded(0, [0, 12, 3])],
    ['but what it left out', begun([0, 12, 3, 0, 2]), loaded(2, [0, 10, 3])],
  ])('%s', (_what, dump, server) => {
    expect(differences(dump, server)).toEqual([]);
  });

  test.each([
    [
      'not less than was counted',
      begun([0, 12, 3, 0, 0]),
      loaded(0, [0, 11, 3]),
      'database 0 holds 11 keys where the dump has at least 12',
    ],
    [
      'nor fewer that expire',
      begun([0, 12, 3, 0, 0]),
      loaded(0, [0, 20, 2]),
      'in database 0 2 keys expire where in the dump at least 3 do',
    ],
  ])('%s', (_what, dump, server, sentence) => {
    expect(differences(dump, server)).toEqual([sentence]);
  });
});

test('a server may count as expiring the keys of which members expire, and no more than there can be', () => {
  const dump = census([0, 12, 3, 0, 0]);
  expect(differences(dump, loaded(0, [0, 12, 5]), 2)).toEqual([]);
  expect(differences(dump, loaded(0, [0, 12, 3]), 2)).toEqual([]);
  expect(differences(dump, loaded(0, [0, 12, 6]), 2)).toHaveLength(1);
  expect(differences(dump, loaded(0, [0, 12, 2]), 2)).toHaveLength(1);
});
