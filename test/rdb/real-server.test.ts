/** The reader held against a real server: what it counts is what the server says of the same keys, in every encoding it can write. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Census } from '../../src/domain/census.ts';
import { runCommand } from '../support/command.ts';
import { describeWith } from '../support/needs.ts';
import { VALUES } from '../support/rdb-fixtures.ts';
import { dump as dumpOf, selectDatabase } from '../support/rdb-writer.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { censusOf, every } from './census-of.ts';

/** Names are short and no numbers, so that a dump holds each as it is, behind one byte. */
const FILL = `
local far = 4102444800
local function each(count, f) for i = 1, count do f(i) end end
for _, size in ipairs({1, 5, 60, 200, 700}) do
  local function name(kind) return kind .. ':' .. size end
  each(size, function(i) redis.call('RPUSH', name('list'), 'item ' .. i) end)
  each(size, function(i) redis.call('SADD', name('numbers'), i * 70000) end)
  each(size, function(i) redis.call('SADD', name('words'), redis.sha1hex(i)) end)
  each(size, function(i) redis.call('HSET', name('hash'), 'field' .. i, 'value ' .. i) end)
  each(size, function(i) redis.call('ZADD', name('ranking'), i / 3, 'player' .. i) end)
  each(size, function(i) redis.call('XADD', name('events'), i .. '-1', 'kind', 'click', 'n', i) end)
end
redis.call('SET', 'integer', 12345)
redis.call('SET', 'negative', -70000)
redis.call('SET', 'empty', '')
redis.call('SET', 'long', string.rep('Backups nobody restored are hopes. ', 5000))
redis.call('SET', 'noise', string.char(0, 255, 27) .. redis.sha1hex('x'))
redis.call('SETBIT', 'flags', 900000, 1)
redis.call('PFADD', 'visitors', 'ada', 'grace')
redis.call('RPUSH', 'large', string.rep('x', 20000), 'y', redis.sha1hex(1))
redis.call('HSET', 'wide', 'field', string.rep('z', 70000))
redis.call('ZADD', 'extremes', '-inf', 'a', '+inf', 'b', 0, 'c')
redis.call('XADD', 'deleted', '1-1', 'a', 'b')
redis.call('XADD', 'deleted', '2-1', 'a', 'b')
redis.call('XDEL', 'deleted', '1-1')
redis.call('XGROUP', 'CREATE', 'events:200', 'workers', '0')
redis.call('XGROUP', 'CREATE', 'events:200', 'idle', '5-1')
redis.call('XREADGROUP', 'GROUP', 'workers', 'w1', 'COUNT', 10, 'STREAMS', 'events:200', '>')
redis.call('XREADGROUP', 'GROUP', 'workers', 'w2', 'COUNT', 30, 'STREAMS', 'events:200', '>')
redis.call('XGROUP', 'CREATECONSUMER', 'events:200', 'workers', 'lazy')
each(100, function(i) redis.call('SET', 'session:' .. i, redis.sha1hex(i), 'EXAT', far + i) end)
redis.call('EXPIREAT', 'hash:60', far)
redis.call('PEXPIREAT', 'list:700', far * 1000 + 5)
redis.call('SELECT', 7)
each(50, function(i) redis.call('SET', 'other:' .. i, i, 'EXAT', far) end)
redis.call('RPUSH', 'mailbox', 'one', 'two')
`;

/** For every key: type, encoding, elements, and the bytes that it takes in a dump besides its name. */
const ASK = `
local sizes = {list = 'LLEN', set = 'SCARD', hash = 'HLEN', zset = 'ZCARD', stream = 'XLEN'}
local rows = {}
for _, database in ipairs({0, 7}) do
  redis.call('SELECT', database)
  for _, name in ipairs(redis.call('KEYS', '*')) do
    local type = redis.call('TYPE', name).ok
    local size = sizes[type] and redis.call(sizes[type], name) or 0
    -- The payload of DUMP has the value, and behind it version and checksum: ten bytes.
    local bytes = #redis.call('DUMP', name) - 10 + 1 + #name
    table.insert(rows, {name, database, type, redis.call('OBJECT', 'ENCODING', name), size, bytes})
  end
end
return rows
`;

type Row = [name: string, database: number, type: string, encoding: string, elements: number, bytes: number];

const nothingCompact = {
  'hash-max-listpack-entries': '0',
  'zset-max-listpack-entries': '0',
  'set-max-intset-entries': '0',
  'list-max-listpack-size': '1',
  'stream-node-max-entries': '3',
};
const allCompact = {
  'hash-max-listpack-entries': '100000',
  'hash-max-listpack-value': '100000',
  'zset-max-listpack-entries': '100000',
  'zset-max-listpack-value': '100000',
  'set-max-intset-entries': '100000',
  'list-max-listpack-size': '-5',
  'list-compress-depth': '1',
  'stream-node-max-bytes': '0',
};
const SERVERS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['as it comes', {}],
  ['that keeps nothing compact', nothingCompact],
  ['that keeps everything compact', allCompact],
  ['that compresses nothing', { rdbcompression: 'no' }],
  ['that notes how often keys are used', { 'maxmemory-policy': 'allkeys-lfu' }],
  ['that notes how long keys were not used', { 'maxmemory-policy': 'allkeys-lru', ...allCompact }],
  ['without checksums', { rdbchecksum: 'no' }],
];

describeWith(['redis-server', 'redis-check-rdb'], 'a real server', () => {
  describe.each(SERVERS)('%s', (_, settings) => {
    let server: RedisServer;
    let census: Census;
    let dump: Buffer;
    let rows: Row[];

    beforeAll(async () => {
      server = await startRedis({ settings: { 'enable-debug-command': 'yes', ...settings } });
      await server.script(FILL);
      // Elements larger than this get a node of their own; without it, only those of gigabytes.
      await server.ask('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '200B');
      for (const size of [100, 300, 5000]) await server.ask('RPUSH', 'plain', 'x'.repeat(size));
      await server.ask(
        'FUNCTION',
        'LOAD',
        "#!lua name=demo\nredis.register_function('f', function() return 1 end)",
      );
      rows = (await server.script(ASK)) as Row[];
      await server.ask('SAVE');
      dump = await readFile(server.dump);
      census = censusOf(dump, { top: 1000 });
    });
    afterAll(() => server.close());

    test('has the keys of each database, expiring and not, that INFO tells', async () => {
      const info = String(await server.ask('INFO', 'keyspace'));
      const told = [...info.matchAll(/^db(\d+):keys=(\d+),expires=(\d+)/gm)].map((match) =>
        match.slice(1).map(Number),
      );
      expect(census.databases.map(({ database, keys, expiring }) => [database, keys, expiring])).toEqual(
        told,
      );
      expect(census).toMatchObject({
        ending: { kind: 'complete' },
        serverVersion: expect.any(String),
        functions: ['demo'],
      });
    });

    test('has as many keys and elements of each type and encoding as TYPE, OBJECT ENCODING and the sizes tell', () => {
      const told = new Map<string, { keys: number; elements: number; encodings: Record<string, number> }>();
      for (const [, , type, encoding, elements] of rows) {
        const row = told.get(type) ?? { keys: 0, elements: 0, encodings: {} };
        const form = type === 'string' ? 'string' : encoding;
        row.encodings[form] = (row.encodings[form] ?? 0) + 1;
        told.set(type, { ...row, keys: row.keys + 1, elements: row.elements + elements });
      }
      expect(census.types.length).toBe(told.size);
      for (const { type, keys, elements, elementsExact, encodings } of census.types)
        expect({ keys, elements, elementsExact, encodings }, type).toEqual({
          ...told.get(type),
          elementsExact: true,
        });
    });

    test('has every key in its size, to the byte', () => {
      const told = new Map(
        rows.map(([name, database, type, , elements, bytes]) => [
          `${database} ${name}`,
          { type, elements, bytes },
        ]),
      );
      expect(census.largest.length).toBe(told.size);
      for (const { name, database, type, elements = 0, bytes } of census.largest)
        expect({ type, elements, bytes }, name).toEqual(told.get(`${database} ${name}`));
    });

    test('has the prefixes of its names', () => {
      const told = new Map<string, number>();
      for (const [name] of rows) {
        const prefix = name.includes(':') ? name.slice(0, name.indexOf(':')) : undefined;
        if (prefix !== undefined) told.set(prefix, (told.get(prefix) ?? 0) + 1);
      }
      expect(new Map(census.prefixes.map(({ prefix, keys }) => [prefix, keys]))).toEqual(told);
    });

    test('is read alike in small pieces', () => {
      for (const size of [1, 13, 4096])
        expect(censusOf(dump, { cuts: every(size, dump.length), top: 1000 })).toEqual(census);
    });

    test('agrees with redis-check-rdb', async () => {
      const { code, stdout } = await runCommand([server.dump], {
        cwd: server.folder,
        program: ['redis-check-rdb'],
        env: { PATH: process.env['PATH'] ?? '' },
      });
      expect(code).toBe(0);
      const figure = (what: string): number => Number(new RegExp(`(\\d+) ${what}`).exec(stdout)?.[1]);
      expect([census.keys, census.expiring, census.expired]).toEqual(
        ['keys read', 'expires', 'already expired'].map(figure),
      );
    });
  });

  /** Newer than the oldest server that the tests may meet (7.0), or of a module that it has not. */
  const loadable = VALUES.filter(({ code }) => code < 20 && code !== 7);

  test('loads the dumps made by hand, so their forms are the real ones', async () => {
    const file = dumpOf([selectDatabase(0), ...loadable.map(({ record }) => record)], { version: 10 });
    const server = await startRedis({ prepare: (dump) => writeFile(dump, file) });
    try {
      const rows = (await server.script(ASK)) as Row[];
      const told = new Map(rows.map(([name, , type, , elements]) => [name, { type, elements }]));
      expect(told.size).toBe(loadable.length);
      const { largest } = censusOf(file, { top: 100 });
      for (const { name, type, elements = 0 } of largest)
        expect({ type, elements }, name).toEqual(told.get(name));
    } finally {
      await server.close();
    }
  });

  test('drops on loading as many keys as are counted as expired', async () => {
    const server = await startRedis({ settings: { 'enable-debug-command': 'yes' } });
    try {
      await server.ask('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
      await server.script(`
        for i = 1, 40 do redis.call('SET', 'stays:' .. i, i) end
        for i = 1, 30 do redis.call('SET', 'later:' .. i, i, 'EX', 10000) end
        for i = 1, 25 do redis.call('SET', 'soon:' .. i, i, 'PX', 1) end`);
      const [seconds, micros] = (await server.ask('TIME')) as [string, string];
      await server.ask('SAVE');
      const census = censusOf(await readFile(server.dump), {
        asOf: Number(seconds) * 1000 + Number(micros) / 1000 + 60_000,
      });
      expect(census).toMatchObject({ keys: 95, expiring: 55, expired: 25 });
      const other = await startRedis({ prepare: (dump) => copyFile(server.dump, dump) });
      try {
        expect(other.said).toMatch(/keys loaded: 70, keys expired: 25/);
      } finally {
        await other.close();
      }
    } finally {
      await server.close();
    }
  });
});
