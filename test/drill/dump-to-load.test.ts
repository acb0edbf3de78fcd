/** What of a dump decides who can load it: how it begins, what it is made of, and who says to have written it. */
import { expect, test } from 'vitest';
import { dumpToLoad, expiringMembers } from '../../src/drill/dump-to-load.ts';
import { censusTap } from '../../src/rdb/census.ts';
import { auxiliary, dump, expireAt, key, selectDatabase, string } from '../support/rdb-writer.ts';

function read(bytes: Uint8Array) {
  const tap = censusTap({ asOf: 0 });
  tap.update(bytes);
  return { census: tap.result(), nature: dumpToLoad(tap.result(), tap.format()) };
}

test('every type and opcode that it has, and the family that numbers them', () => {
  const { nature } = read(dump([selectDatabase(0), expireAt(1), key(0, 'a', string('x'))], { version: 12 }));
  expect(nature).toMatchObject({ known: true, family: 'redis', version: 12, modules: [] });
  expect(nature.types).toEqual([0, 252, 254, 255]);
});

test('the type too at which the reading ended', () => {
  const { nature } = read(dump([key(0, 'a', string('x')), key(0x7e, 'odd', string('x'))]));
  expect(nature.types).toEqual([0, 0x7e]);
});

test.each([
  ['valkey-ver', '8.0.1', 'REDIS0011', 'redis', 'valkey'],
  ['redis-ver', '7.2.4', 'REDIS0011', 'redis', 'redis'],
  ['valkey-ver', '9.1.2', 'VALKEY080', 'valkey', 'valkey'],
])('who wrote it (%s %s), whoever numbers what begins %s', (field, serverVersion, magic, family, writer) => {
  const { nature } = read(dump([auxiliary(field, serverVersion)], { magic }));
  expect(nature).toMatchObject({ family, serverVersion, writer: { family: writer, serverVersion } });
});

test('that it begins as nobody knows', () => {
  expect(read(dump([], { magic: 'OTHER0009' })).nature).toMatchObject({ known: false, types: [] });
});

test.each([
  ['none at all', [], 1],
  ['the highest of those with keys', [selectDatabase(40), key(0, 'a', string('x')), selectDatabase(3)], 41],
  ['one without a key', [selectDatabase(0), key(0, 'a', string('x')), selectDatabase(40)], 41],
  ['one that was not read to its end', [selectDatabase(3), key(0x7e, 'odd', string('x'))], 1024],
])('how many databases it needs: %s', (_what, records, databases) => {
  expect(read(dump(records)).nature.databases).toBe(databases);
});

test.each([0, 1, 2])('%d members that expire by themselves', (count) => {
  const fields = Array.from({ length: count }, (_, index) => auxiliary('keydb-subexpire-key', `m${index}`));
  expect(expiringMembers(read(dump(fields)).census)).toBe(count);
});
