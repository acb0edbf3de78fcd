/** What a server says when it does not load a dump decides whose fault it is. */
import { expect, test } from 'vitest';
import { refusalOf } from '../../src/drill/refusal.ts';
import { serverName } from '../../src/drill/server-program.ts';

const failed = { code: 1, signal: null };
const SERVER = 'Redis 7.0.15';
const said = (text: string) => [
  '1:C 24 Nov 2026 07:49:58.508 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo',
  `1:S 24 Nov 2026 07:49:58.511 # ${text}`,
  '1:S 24 Nov 2026 07:49:58.511 # Fatal error loading the DB, check server logs. Exiting.',
];

test.each([
  ["Can't handle RDB format version 12", 'server-too-old'],
  ["Can't handle foreign RDB format version 12", 'server-too-old'],
  ["The RDB file contains module data I can't load: no matching module type 'graphdata'", 'module-missing'],
  ["The RDB file contains AUX module data I can't load: no matching module 'bf'", 'module-missing'],
  [
    "The RDB file contains module data for the module type 'ReJSON-RL', that the responsible module is not able to load.",
    'module-missing',
  ],
  ['Out Of Memory allocating 1073741824 bytes!', 'no-memory'],
  ['rdbGenericLoadStringObject failed allocating 1073741824 bytes', 'no-memory'],
  ['Wrong RDB checksum expected: (1) but got (2). Aborting now.', 'refused'],
  ['Short read or OOM loading DB. Unrecoverable error, aborting now.', 'refused'],
  [
    'Internal error in RDB reading offset 19, function at rdb.c:2781 -> Unknown RDB encoding type 126',
    'refused',
  ],
  ["RDB has duplicated key 'a' in DB 0", 'refused'],
  ['*** FATAL CONFIG FILE ERROR (Redis 5.0.14) ***', 'server-failed'],
])('%s: %s', (line, reason) => {
  expect(refusalOf(said(line), failed, SERVER).reason).toBe(reason);
});

test.each([
  ['SIGKILL', 'no-memory'],
  ['SIGSEGV', 'refused'],
  ['SIGHUP', 'server-failed'],
] as const)('a server that ended by %s: %s', (signal, reason) => {
  expect(refusalOf([], { code: null, signal }, SERVER).reason).toBe(reason);
});

test('names the server, and tells the last thing that it said where nothing else is known', () => {
  expect(refusalOf(['1:S 24 Nov 2026 07:49:58.511 # no way'], failed, SERVER).detail).toBe(
    'Redis 7.0.15 ended before it had loaded (exit status 1): no way',
  );
});

test.each([
  [
    'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c971a948f0',
    'Redis 7.0.15',
  ],
  ['Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1', 'Valkey 8.1.1'],
  ['v24.0.0', undefined],
])('knows a server by its answer: %s', (answer, name) => {
  expect(serverName(answer)).toBe(name);
});
