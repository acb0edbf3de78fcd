/** Which server a dump is loaded into: first those whose word counts, last those that have to be told to be lenient. */
import { describe, expect, test } from 'vitest';
import type { RdbFamily } from '../../src/domain/rdb-magic.ts';
import { chooseServers, type ServerAtHand, strangerTo } from '../../src/drill/choose-server.ts';
import type { DumpToLoad } from '../../src/drill/dump-to-load.ts';

/** `REDIS0011 Valkey 8.0.1`, or without the server that wrote it. */
function dump(words: string, rest: Partial<DumpToLoad> = {}): DumpToLoad {
  const [magic = '', product, serverVersion] = words.split(' ');
  const family: RdbFamily = magic.startsWith('VALKEY') ? 'valkey' : 'redis';
  const known = serverVersion === undefined ? {} : { serverVersion };
  return {
    ...{
      known: true,
      family,
      version: Number(magic.replace(/\D+/, '')),
      types: [],
      modules: [],
      databases: 1,
    },
    writer: { family: product === 'Valkey' ? 'valkey' : family, ...known },
    ...known,
    ...rest,
  };
}

function server(name: string, modules?: readonly string[]): ServerAtHand {
  const [product = '', version = ''] = name.split(' ');
  return { path: `/opt/${name}`, name, product, version, ...(modules && { modules }) };
}

function choose(words: string, names: string, rest?: Partial<DumpToLoad>) {
  return chooseServers(
    dump(words, rest),
    names.split(', ').map((name) => server(name)),
  );
}

test.each([
  ['as they were named', 'REDIS0010 Redis 7.0.9', 'Valkey 8.1.1, Redis 7.0.9', 'Valkey 8.1.1, Redis 7.0.9'],
  [
    'heirs of the writer first',
    'REDIS0011 Valkey 8.0.1',
    'Redis 7.2.4, Valkey 8.0.1',
    'Valkey 8.0.1, Redis 7.2.4',
  ],
  [
    'older ones after those',
    'REDIS0009 Redis 6.2.14',
    'Redis 6.0.16, Redis 7.4.1',
    'Redis 7.4.1, Redis 6.0.16',
  ],
  [
    'forks after older ones',
    'REDIS0011 Redis 7.2.5',
    'Redict 7.3.6, Redis 7.2.4',
    'Redis 7.2.4, Redict 7.3.6',
  ],
  [
    'lenient ones last',
    'VALKEY080 Valkey 9.1.2',
    'Valkey 8.1.8, Valkey 9.0.0',
    'Valkey 9.0.0, Valkey 8.1.8 relaxed',
  ],
  [
    'and without those that cannot',
    'REDIS0012 Redis 7.4.1',
    'Redis 7.2.4, Valkey 9.1.2',
    'Valkey 9.1.2 relaxed',
  ],
])('they are asked %s: %s by %s', (_what, words, named, asked) => {
  const { candidates } = choose(words, named);
  const order = candidates.map(({ program, relaxed }) => `${program.name}${relaxed ? ' relaxed' : ''}`);
  expect(order.join(', ')).toBe(asked);
});

describe('the word of', () => {
  test.each([
    ['Redis 7.0.9', 'REDIS0010 Redis 7.0.9', undefined],
    ['Redis 7.0.15', 'REDIS0010', undefined],
    ['Redis 7.0.8', 'REDIS0010 Redis 7.0.9', 'server-too-old'],
    ['Redis 8.6.3', 'REDIS0011 Valkey 8.0.1', 'other-family'],
    ['Valkey 8.1.1', 'REDIS0011 Redis 7.2.9', undefined],
    ['Valkey 9.1.2', 'REDIS0012 Redis 7.4.1', 'other-family'],
    ['Valkey 9.1.1', 'VALKEY080 Valkey 9.1.2', 'server-too-old'],
    ['Redict 7.3.6', 'REDIS0011 Redis 7.2.4', 'other-family'],
    ['KeyDB 6.3.4', 'REDIS0009 Redis 6.2.6', 'other-family'],
  ])('%s on %s: %s', (name, words, stranger) => {
    expect(strangerTo(dump(words), server(name))).toBe(stranger);
  });
});

test('a server that only lacks a module is told from one that is too old, and from one of another family', () => {
  const modules = ['ReJSON-RL'];
  const { passedOver } = chooseServers(dump('REDIS0012 Redis 7.4.1', { modules }), [
    server('Redis 8.6.3', []),
    server('Redis 7.2.4', ['ReJSON']),
    server('Valkey 8.0.1', ['ReJSON']),
  ]);
  expect(passedOver.map(({ reason, why }) => [reason, why])).toEqual([
    ['module-missing', 'Redis 8.6.3 lacks the module ReJSON'],
    ['server-too-old', 'Redis 7.2.4 does not read RDB version 12 of Redis'],
    ['other-family', 'Valkey 8.0.1 does not read RDB version 12 of Redis'],
  ]);
});

test('a dump that begins as nobody knows goes only to a server of which nobody knows what it loads', () => {
  const { candidates, passedOver } = choose('REDIS0000', 'Redis 8.6.3, Other 1.0', { known: false });
  expect(candidates.map(({ program }) => program.name)).toEqual(['Other 1.0']);
  expect(passedOver).toMatchObject([{ reason: 'other-family' }]);
});
