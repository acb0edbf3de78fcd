/** What a server says when it does not load a dump: its reason is found among its other words, and kept. */
import { expect, test } from 'vitest';
import { refusalOf } from '../../src/drill/refusal.ts';

const failed = { code: 1, signal: null };
const SERVER = 'Redis 7.0.15';
const said = (text: string) => [
  '1:C 24 Nov 2026 07:49:58.508 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo',
  `1:S 24 Nov 2026 07:49:58.511 # ${text}`,
  '1:S 24 Nov 2026 07:49:58.511 # Fatal error loading the DB, check server logs. Exiting.',
];
const internal = (text: string) =>
  `Internal error in RDB reading offset 19, function at rdb.c:2781 -> ${text}`;

test.each([
  ["Can't handle RDB format version 12", 'version'],
  ["Can't handle foreign RDB format version 12", 'version'],
  ['Wrong signature trying to load DB from file', 'signature'],
  ['Wrong signature trying to load DB from file: KEYDB0009', 'signature'],
  [
    'FATAL: Data file was created with a Valkey server configured to handle more than 16 databases. Exiting',
    'databases',
  ],
  ["Can't handle foreign type or opcode 25 in RDB with version 12", 'type'],
  [internal('Unknown RDB encoding type 126'), 'type'],
  [internal('Unknown RDB string encoding type 4'), 'type'],
  [internal("The RDB file contains module data I can't load: no matching module type 'graphdata'"), 'module'],
  ["The RDB file contains AUX module data I can't load: no matching module 'scdtype00'", 'module'],
  [
    internal(
      "The RDB file contains module data for the module type 'ReJSON-RL', that the responsible module is not able to load.",
    ),
    'module-value',
  ],
  [
    internal(
      "The RDB file contains module data for the module 'vectorset' that is not terminated by the proper module value EOF marker",
    ),
    'module-value',
  ],
  ['Out Of Memory allocating 1073741824 bytes!', 'memory'],
  ['rdbGenericLoadStringObject failed allocating 1073741824 bytes', 'memory'],
  ['Wrong RDB checksum expected: (1) but got (2). Aborting now.', 'checksum'],
  ['Wrong RDB checksum. Aborting now.', 'checksum'],
  ['Short read or OOM loading DB. Unrecoverable error, aborting now.', 'short'],
  ["RDB has duplicated key 'a' in DB 0", 'content'],
  [internal("RDB has duplicated key 'a' in DB 0"), 'content'],
  [internal('Quicklist integrity check failed.'), 'content'],
  ['=== REDIS BUG REPORT START: Cut & paste starting from here ===', 'crash'],
  ['=== ASSERTION FAILED ===', 'crash'],
  ['*** FATAL CONFIG FILE ERROR (Redis 5.0.14) ***', 'unexplained'],
])('%s: %s', (line, objection) => {
  expect(refusalOf(said(line), failed, SERVER).objection).toBe(objection);
});

test.each([
  ['SIGKILL', 'memory'],
  ['SIGSEGV', 'crash'],
  ['SIGHUP', 'unexplained'],
  // A program for other processors: nothing that a dump could do.
  ['SIGILL', 'unexplained'],
] as const)('a server that ended by %s: %s', (signal, objection) => {
  expect(refusalOf([], { code: null, signal }, SERVER).objection).toBe(objection);
});

test('names the server, and tells the last thing that it said where nothing else is known', () => {
  expect(refusalOf(['1:S 24 Nov 2026 07:49:58.511 # no way'], failed, SERVER)).toEqual({
    objection: 'unexplained',
    detail: 'Redis 7.0.15 ended before it had loaded (exit status 1): no way',
    said: 'no way',
  });
});

test('passes over empty lines among its last words', () => {
  const log = ['1:S 24 Nov 2026 07:49:58.511 # no way', '', '1:S 24 Nov 2026 07:49:58.511 # '];
  expect(refusalOf(log, failed, SERVER).said).toBe('no way');
});

test.each([
  '1:S 24 Nov 2026 07:49:58.511 # ',
  '23858:S 28 Nov 17:49:54.784 # ',
  '[23842] 28 Nov 17:49:54.774 # ',
  '7:12:S 28 Nov 2026 17:49:54.784 # ',
])('keeps the line that says why, without what every line begins with: %s', (stamp) => {
  const line = "Can't handle RDB format version 13";
  expect(refusalOf([`${stamp}${line}`], failed, SERVER).said).toBe(line);
});

test('believes the loading server, not its checker, which stumbles over the magic that the server has taken', () => {
  const log = [
    `1:S 24 Nov 2026 07:49:58.511 # ${internal('Unknown RDB encoding type 22')}`,
    '[offset 0] Wrong signature trying to load DB from file',
  ];
  expect(refusalOf(log, failed, 'Valkey 8.1.8')).toMatchObject({
    objection: 'type',
    detail: 'Valkey 8.1.8 does not know the type 22',
  });
});
