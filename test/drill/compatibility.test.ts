/** Who loads which dump: by the table, and asked of every real server that is there, both ways. */
import pLimit from 'p-limit';
import { beforeAll, describe, expect, test } from 'vitest';
import { bytesPerDatabase, compatibility, type DumpNature, whoLoads } from '../../src/drill/compatibility.ts';
import { describeWith } from '../support/needs.ts';
import { dump as dumpOf, expireAt, key, selectDatabase, string } from '../support/rdb-writer.ts';
import { load, memoryOf, PINNED_SERVERS, type RealServer, realServers } from '../support/real-servers.ts';
import { sampleDumps, type Written, type WrittenDump, writeDumps } from '../support/written-dumps.ts';

const RELAXED = ['--rdb-version-check', 'relaxed'];

function dump(family: DumpNature['family'], version: number, rest: Partial<DumpNature> = {}): DumpNature {
  return { family, version, types: [], modules: [], ...rest };
}

function server(name: string, modules?: readonly string[]) {
  const [product = '', version = ''] = name.split(' ');
  return { product, version, ...(modules && { modules }) };
}

const expiringFields = { types: [25] };
const vectorSets = { modules: ['vectorset'] };

/** Of version 6, as Redis 2.8 wrote it, which everybody is said to load: the first key has expired since. */
const OLD_RECORDS = [
  selectDatabase(0),
  expireAt(1_400_000_000_000),
  key(0, 'old', string('1')),
  key(0, 'kept', string('2')),
];
const byHand = (name: string, after?: Uint8Array): WrittenDump => ({
  name,
  bytes: dumpOf(OLD_RECORDS, { version: 6, ...(after && { after }) }),
  databases: [{ database: 0, keys: 2, expires: 1 }],
  nature: dump('redis', 6),
});

/** As a Valkey to come might begin it, without a checksum. */
const YET_TO_COME: WrittenDump = {
  ...byHand('a version yet to come'),
  bytes: Buffer.concat([Buffer.from('VALKEY081'), byHand('').bytes.subarray(9, -8), Buffer.alloc(8)]),
  nature: dump('valkey', 81),
};

describe('by the table', () => {
  test.each([
    ['Redis 7.0.15', dump('redis', 10), 'loads'],
    ['Redis 7.0.15', dump('redis', 11), 'does not read RDB version 11 of Redis'],
    ['Redis 8.6.3', dump('valkey', 80, { serverVersion: '9.1.2' }), 'loads no dump of Valkey 9.1.2'],
    ['Redict 7.3.6', dump('redis', 12), 'loads'],
    ['Redict 7.3.6', dump('redis', 12, expiringFields), 'does not load type 25 of Redis'],
    ['Valkey 8.0.1', dump('valkey', 80), 'loads no dump of Valkey (RDB version 80)'],
    ['Valkey 8.1.8', dump('redis', 12), 'does not read RDB version 12 of Redis'],
    ['Valkey 8.1.8', dump('valkey', 80), 'loads-relaxed'],
    ['Valkey 8.1.8', dump('valkey', 80, { types: [22] }), 'does not load type 22 of Valkey'],
    ['Valkey 9.1.2', dump('valkey', 80, { types: [22] }), 'loads'],
    [
      'Valkey 9.1.2',
      dump('valkey', 80, { types: [243] }),
      'loads slots that were on their way only as a node of a cluster',
    ],
    [
      'Valkey 9.9.0',
      dump('valkey', 80, { types: [243] }),
      'loads slots that were on their way only as a node of a cluster',
    ],
    ['Valkey 9.1.2', dump('redis', 12), 'loads-relaxed'],
    ['Valkey 9.1.2', dump('redis', 12, expiringFields), 'does not load type 25 of Redis'],
    ['Valkey 9.1.2', dump('redis', 12, vectorSets), 'lacks the module vectorset'],
    ['Redis 8.0.2', dump('redis', 12, { ...vectorSets, serverVersion: '8.0.2' }), 'loads'],
    [
      'Redis 8.0.2',
      dump('redis', 12, { ...vectorSets, serverVersion: '8.2.3' }),
      'does not read the vector sets of Redis 8.2.3',
    ],
    ['Redis 4.0.14', dump('redis', 8), 'is too old for a drill'],
  ])('%s and %j: %s', (name, nature, answer) => {
    const given = compatibility(nature, server(name));
    expect(given.kind === 'cannot' ? given.why : `${name} ${given.kind}`).toBe(`${name} ${answer}`);
  });

  test('a module is held to be lacking only in a server that was asked for its modules', () => {
    const documents = dump('redis', 12, { modules: ['ReJSON-RL', 'ft_index0'] });
    expect(compatibility(documents, server('Redis 7.4.1')).kind).toBe('loads');
    expect(compatibility(documents, server('Redis 7.4.1', ['ReJSON', 'search'])).kind).toBe('loads');
    expect(compatibility(documents, server('Redis 7.4.1', ['ReJSON']))).toEqual({
      kind: 'cannot',
      why: 'Redis 7.4.1 lacks the module search',
    });
  });

  test('a server that nobody knows, or that is newer than all that were asked, is asked rather than passed over', () => {
    expect(compatibility(dump('redis', 14, { types: [27] }), server('Redis 8.8.0')).kind).toBe('loads');
    expect(compatibility(dump('valkey', 81, { types: [23] }), server('Valkey 9.2.0')).kind).toBe('loads');
    expect(compatibility(dump('valkey', 81), server('Dragonfly 1.30.0')).kind).toBe('loads');
  });

  test('but it still does not read the other family', () => {
    expect(compatibility(dump('valkey', 80), server('Redis 8.8.0')).kind).toBe('cannot');
    expect(compatibility(dump('redis', 14, { types: [27] }), server('Valkey 9.2.0')).kind).toBe('cannot');
  });

  test.each([
    [dump('redis', 9), 'Redis 5.0 or newer, or Valkey 7.2 or newer'],
    [dump('redis', 12, expiringFields), 'Redis 7.4 or newer'],
    [dump('redis', 12, { ...vectorSets, serverVersion: '8.2.3' }), 'Redis 8.0.3 or newer'],
    [
      dump('redis', 13),
      'Redis 8.6 or newer, or Valkey 9.0 or newer told to be lenient (rdb-version-check relaxed)',
    ],
    [
      dump('redis', 14),
      'a newer Redis than 8.6, or Valkey 9.0 or newer told to be lenient (rdb-version-check relaxed)',
    ],
    [
      dump('valkey', 81),
      'a newer Valkey than 9.1, or Valkey 8.1 or newer told to be lenient (rdb-version-check relaxed)',
    ],
    [dump('valkey', 80), 'Valkey 9.0 or newer'],
    [dump('redis', 14, { types: [27] }), 'a newer Redis than 8.6'],
    [dump('valkey', 80, { types: [22] }), 'Valkey 9.0 or newer'],
    [
      dump('redis', 11, { modules: ['MBbloom--', 'MBbloomCF'] }),
      'Redis 7.2 or newer, or Valkey 7.2 or newer, with the module bf',
    ],
  ])('says who loads %j: %s', (nature, who) => {
    expect(whoLoads(nature)).toBe(who);
  });
});

describeWith(PINNED_SERVERS, 'asked of the servers themselves', () => {
  const servers = realServers();
  const written = new Map<RealServer, Written>();
  const dumps: WrittenDump[] = [
    ...sampleDumps(),
    byHand('a key that has expired'),
    byHand('bytes behind the end', Buffer.alloc(40, 7)),
    YET_TO_COME,
  ];
  const atOnce = pLimit(4);

  beforeAll(async () => {
    await Promise.all(servers.map((one) => atOnce(async () => written.set(one, await writeDumps(one)))));
    for (const one of written.values()) dumps.push(...one.dumps);
  });

  test.each(servers)(
    '$name loads with every key what it is said to load, and refuses the rest',
    async (one) => {
      const nature = { ...one, modules: written.get(one)?.modules ?? [] };
      const knowsRelaxed = one.product === 'Valkey' && Number.parseFloat(one.version) >= 8.1;
      const said: Record<string, unknown> = {};
      const found: Record<string, unknown> = {};
      const ask = async (
        name: string,
        { bytes, databases }: WrittenDump,
        takes: boolean,
        options?: string[],
      ) => {
        said[name] = takes ? databases : 'refuses';
        found[name] = await load(one, bytes, options);
      };
      await Promise.all(
        dumps.map((each) =>
          atOnce(async () => {
            const { kind } = compatibility(each.nature, nature);
            await ask(each.name, each, kind === 'loads');
            if (kind !== 'loads' && knowsRelaxed)
              await ask(`${each.name}, relaxed`, each, kind === 'loads-relaxed', RELAXED);
          }),
        ),
      );
      expect(found).toEqual(said);
    },
  );

  test.each(servers)(
    '$name takes no more memory for each database than is reckoned, nor much less',
    async (one) => {
      const [few, many] = [16, 20_016];
      const bytes = ((await memoryOf(one, many)) - (await memoryOf(one, few))) / (many - few);
      expect(bytes).toBeLessThanOrEqual(bytesPerDatabase(one) + 100);
      expect(bytes).toBeGreaterThanOrEqual(bytesPerDatabase(one) * 0.7 - 100);
    },
  );
});
