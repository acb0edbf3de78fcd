/** One dump of every kind that a real server can write, and what it says of it. */
import { readFile } from 'node:fs/promises';
import { type LoadedDatabase, readKeyspace } from '../../src/drill/compare.ts';
import type { DumpNature } from '../../src/drill/compatibility.ts';
import { RDB_SAMPLES } from './rdb-samples.ts';
import type { RealServer } from './real-servers.ts';
import { startRedis } from './redis.ts';

export interface WrittenDump {
  readonly name: string;
  readonly bytes: Buffer;
  readonly nature: DumpNature;
  /** By `INFO keyspace` of the server that wrote it. */
  readonly databases: readonly LoadedDatabase[];
}

interface Kind {
  /** A command that no server has that cannot write it. */
  readonly needs: string;
  readonly commands: readonly (readonly string[])[];
  /** Those that not every server of the family knows. */
  readonly types?: (writer: RealServer) => number[];
  readonly modules?: readonly string[];
}

const IN_2100 = '4102444800000';
/** What these modules leave in every dump, used or not. */
const OWN_DATA: Readonly<Record<string, readonly string[]>> = {
  search: ['scdtype00', 'ft_index0'],
  graph: ['graphdata'],
};

const KINDS: Readonly<Record<string, Kind>> = {
  'plain values': {
    needs: 'SET',
    commands: [
      ['SET', 'string', 'hello'],
      ['RPUSH', 'list', 'a', 'b', 'c'],
      ['SADD', 'numbers', '1', '2', '70000'],
      ['SADD', 'words', 'a', 'b', 'c'],
      ['ZADD', 'ranking', '1.5', 'a', '2', 'b'],
      ['HSET', 'hash', 'a', '1', 'b', '2'],
      ['SET', 'token', 'x'],
      ['PEXPIREAT', 'token', IN_2100],
      ['SELECT', '3'],
      ['SET', 'other', '1'],
      ['SELECT', '0'],
    ],
  },
  streams: {
    needs: 'XADD',
    commands: [
      ['XADD', 'events', '1-1', 'kind', 'click'],
      ['XADD', 'events', '2-1', 'kind', 'click'],
      ['XGROUP', 'CREATE', 'events', 'workers', '0'],
      ['XREADGROUP', 'GROUP', 'workers', 'w1', 'COUNT', '1', 'STREAMS', 'events', '>'],
    ],
    types: ({ product, version }) => (product === 'Redis' && Number.parseFloat(version) >= 8.6 ? [26] : []),
  },
  functions: {
    needs: 'FUNCTION',
    commands: [
      ['FUNCTION', 'LOAD', 'REPLACE', "#!lua name=f\nredis.register_function('f', function() return 1 end)"],
      ['SET', 'string', '1'],
    ],
    types: () => [245],
  },
  'fields that expire': {
    needs: 'HPEXPIREAT',
    commands: [
      ['HSET', 'hash', 'a', '1', 'b', '2'],
      ['HPEXPIREAT', 'hash', IN_2100, 'FIELDS', '1', 'a'],
    ],
    types: ({ product }) => [product === 'Valkey' ? 22 : 25],
  },
  'vector sets': {
    needs: 'VADD',
    commands: [
      ['VADD', 'vectors', 'VALUES', '2', '1', '2', 'a'],
      ['VADD', 'vectors', 'VALUES', '2', '3', '4', 'b'],
    ],
    modules: ['vectorset'],
  },
  JSON: { needs: 'JSON.SET', commands: [['JSON.SET', 'document', '$', '{"a":1}']], modules: ['ReJSON-RL'] },
  filters: { needs: 'BF.ADD', commands: [['BF.ADD', 'filter', 'a']], modules: ['MBbloom--'] },
  'time series': { needs: 'TS.ADD', commands: [['TS.ADD', 'series', '1000', '1.5']], modules: ['TSDB-TYPE'] },
};

export interface Written {
  readonly dumps: readonly WrittenDump[];
  /** Of the server, as `MODULE LIST` names them. */
  readonly modules: readonly string[];
}

export async function writeDumps(writer: RealServer): Promise<Written> {
  const server = await startRedis({ program: writer.path });
  try {
    const modules = ((await server.ask('MODULE', 'LIST')) as string[][]).map(([, name]) => name ?? '');
    const dumps: WrittenDump[] = [];
    for (const [kind, { needs, commands, types, modules: own = [] }] of Object.entries(KINDS)) {
      const [known] = (await server.ask('COMMAND', 'INFO', needs)) as unknown[];
      if (!known) continue;
      await server.ask('FLUSHALL');
      for (const command of commands) await server.ask(...command);
      await server.ask('SAVE');
      const bytes = await readFile(server.dump);
      dumps.push({
        name: `${kind} of ${writer.name}`,
        bytes,
        databases: readKeyspace(String(await server.ask('INFO', 'keyspace'))),
        nature: {
          ...magicOf(bytes),
          serverVersion: writer.version,
          types: types?.(writer) ?? [],
          modules: [...own, ...modules.flatMap((module) => OWN_DATA[module] ?? [])],
        },
      });
    }
    return { dumps, modules };
  } finally {
    await server.close();
  }
}

/** Those that no test can have written anew (test/rdb/samples). */
export function sampleDumps(): WrittenDump[] {
  return RDB_SAMPLES.map(({ name, bytes, expected }) => ({
    name,
    bytes,
    databases: Object.entries(expected.dbs).map(([database, counts]) => ({
      database: Number(database),
      ...counts,
    })),
    nature: {
      ...magicOf(bytes),
      serverVersion: expected.server.split('-')[1] ?? '',
      types: SAMPLE_TYPES[name] ?? [],
      modules: name === 'redis86-vectors' ? ['vectorset'] : [],
    },
  }));
}

/** Those that not every server of the family knows. */
const SAMPLE_TYPES: Readonly<Record<string, readonly number[]>> = {
  'redis86-cluster': [25, 244],
  'redis86-field-ttl': [24, 25],
  'redis86-producers': [26],
  'redis86-streams': [26],
  'valkey9-cluster': [22],
  'valkey9-field-ttl': [22],
  'valkey9-nochecksum': [22],
};

function magicOf(dump: Buffer): Pick<DumpNature, 'family' | 'version'> {
  const [, magic, version] = /^(REDIS|VALKEY)(\d+)/.exec(dump.toString('latin1', 0, 9)) ?? [];
  return { family: magic === 'VALKEY' ? 'valkey' : 'redis', version: Number(version) };
}
