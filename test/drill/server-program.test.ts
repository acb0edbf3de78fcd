/** The servers at hand: found by path, by name and in PATH, each once, and asked who they are. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { findServers, serverIdentity } from '../../src/drill/server-program.ts';

const signal = new AbortController().signal;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'servers-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

/** A program that answers as servers do to `--version`. */
function program(path: string, answer: string, status = 0): string {
  const whole = join(folder, path);
  mkdirSync(join(whole, '..'), { recursive: true });
  writeFileSync(whole, `#!/bin/sh\necho "${answer}"\nexit ${status}\n`);
  chmodSync(whole, 0o755);
  return whole;
}

const searchPath = () => join(folder, 'bin');
const find = (wanted: Parameters<typeof findServers>[0]) =>
  findServers(wanted, { searchPath: searchPath() }, signal).then((servers) =>
    servers.map(({ name }) => name),
  );

test.each([
  [
    'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c971a948f0',
    { name: 'Redis 7.0.15', product: 'Redis', version: '7.0.15' },
  ],
  [
    'Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1',
    { name: 'Valkey 8.1.1', product: 'Valkey', version: '8.1.1' },
  ],
  [
    'KeyDB server v=6.3.4 sha=7e7e5e57:0 malloc=jemalloc-5.2.1 bits=64 build=8e0b8f8680ec0369',
    { name: 'KeyDB 6.3.4', product: 'KeyDB', version: '6.3.4' },
  ],
  ['v24.0.0', undefined],
])('knows a server by its answer: %s', (answer, identity) => {
  expect(serverIdentity(answer)).toEqual(identity);
});

describe('servers', () => {
  test('that were named come before those in PATH, in their order', async () => {
    program('bin/valkey-server', 'Valkey server v=8.1.1');
    program('bin/redis-server', 'Redis server v=7.0.15');
    program('bin/newer', 'Redis server v=8.6.3');
    const own = program('opt/valkey', 'Valkey server v=9.1.2');
    expect(await find({ first: [own, 'newer'] })).toEqual([
      'Valkey 9.1.2',
      'Redis 8.6.3',
      'Redis 7.0.15',
      'Valkey 8.1.1',
    ]);
  });

  test('that are the only ones wanted are the only ones', async () => {
    program('bin/redis-server', 'Redis server v=7.0.15');
    const own = program('opt/valkey', 'Valkey server v=9.1.2');
    expect(await find({ only: [own], first: ['redis-server'] })).toEqual(['Valkey 9.1.2']);
  });

  test('with several names are one', async () => {
    const valkey = program('bin/valkey-server', 'Valkey server v=8.1.1');
    symlinkSync(valkey, join(folder, 'bin/redis-server'));
    expect(await find({ first: [valkey] })).toEqual(['Valkey 8.1.1']);
  });

  test('in PATH that do not start are passed over while there is another one, and told of where there is none', async () => {
    const broken = program('bin/keydb-server', 'cannot open shared object', 1);
    await expect(find({ first: [] })).rejects.toThrow(`${broken} does not start`);
    program('bin/redis-server', 'Redis server v=7.0.15');
    expect(await find({ first: [] })).toEqual(['Redis 7.0.15']);
    await expect(find({ first: [broken] })).rejects.toThrow(`${broken} does not start`);
  });
});
