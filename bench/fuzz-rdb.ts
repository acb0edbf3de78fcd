/**
 * Hands the reader of dumps many damaged ones: real and hand-made dumps with bytes changed, cut out, put in and joined, and random
 * bytes. What must hold: it never throws, never takes long, says something of each, and keeps no more memory than of a good one.
 * Usage: npm run bench:fuzz-rdb [MUTATIONS [SEED [DUMP…]]], these dumps in place of the sandbox's and the samples
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { censusTap } from '../src/rdb/census.ts';
import { VALKEY_VALUES, VALUES } from '../test/support/rdb-fixtures.ts';
import { dump } from '../test/support/rdb-writer.ts';

const [mutations = 1_000_000, seed = 1] = process.argv.slice(2, 4).map(Number);
/** Larger ones are cut to their first part: most time would go into passing over values. */
const LARGEST = 8 * 1024;
/** Milliseconds of processor time that nothing of this size may take, collecting the garbage of those before it included. */
const TOO_LONG = 1000;

let state = Math.imul(seed, 0x9e3779b1) | 1;
/** xorshift32: the same mutations for the same seed. */
function below(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

const named = process.argv.slice(4);
const folders = ['../src/sandbox/dumps', '../test/rdb/samples'].map((path) =>
  join(import.meta.dirname, path),
);
const all = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
const paths = named.length > 0 ? named : all.filter((path) => path.endsWith('.rdb'));
/** Beginnings of dumps; and pieces from their middles, at which the walk mostly ends at once. */
const beginnings = [
  dump(
    VALUES.map(({ record }) => record),
    { version: 14 },
  ),
  dump(
    [...VALUES.filter(({ code }) => code < 22), ...VALKEY_VALUES].map(({ record }) => record),
    { magic: 'VALKEY080' },
  ),
];
const middles: Buffer[] = [];
for (const path of paths) {
  const file = readFileSync(path);
  beginnings.push(file.subarray(0, LARGEST));
  for (let at = LARGEST; at < file.length && middles.length < 200; at += LARGEST)
    middles.push(Buffer.concat([file.subarray(0, 9), file.subarray(at, at + LARGEST)]));
}
/** Bytes that mean something: the opcodes, the forms of lengths and strings, the numbers of the types. */
const TELLING = [0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xff];

function mutated(original: Buffer): Buffer {
  let bytes = Buffer.from(original);
  for (let left = 1 + below(6); left > 0; left--) {
    const at = 9 + below(Math.max(1, bytes.length - 9));
    const span = below(40);
    switch (below(7)) {
      case 0:
        bytes[at] = below(256);
        break;
      case 1:
        bytes[at] = TELLING[below(TELLING.length)] ?? 0;
        break;
      case 2:
        bytes[at] = 242 + below(14);
        break;
      case 3:
        bytes[at] = below(30);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + span)]);
        break;
      case 5:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(Array.from({ length: span }, () => below(256))),
          bytes.subarray(at),
        ]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), original.subarray(below(original.length))]);
    }
  }
  return bytes;
}

const MAGICS = ['REDIS0011', 'REDIS0014', 'REDIS0099', 'VALKEY080', 'VALKEY099'];

function noise(): Buffer {
  return Buffer.concat([
    Buffer.from(MAGICS[below(MAGICS.length)] ?? ''),
    Buffer.from(Array.from({ length: below(600) }, () => below(256))),
  ]);
}

function damagedDump(kind: number): Buffer {
  if (kind === 9) return noise();
  const from = kind === 8 && middles.length > 0 ? middles : beginnings;
  return mutated(from[below(from.length)] ?? Buffer.alloc(9));
}

const endings = new Map<string, number>();
let [slowest, bytesRead] = [0, 0];
const start = performance.now();
for (let round = 0; round < mutations; round++) {
  const file = damagedDump(round % 10);
  const before = process.cpuUsage();
  const tap = censusTap({ asOf: 1.8e12, top: 3 });
  const piece = 1 + below(1 << below(14));
  for (let at = 0; at < file.length; at += piece) tap.update(file.subarray(at, at + piece));
  const { ending, keys, size } = tap.result();
  const { user, system } = process.cpuUsage(before);
  const time = (user + system) / 1000;
  if (time > TOO_LONG) throw new Error(`round ${round} of seed ${seed} took ${time} ms`);
  if (size !== file.length || !Number.isSafeInteger(keys))
    throw new Error(`round ${round} of seed ${seed} counts wrongly`);
  endings.set(ending.kind, (endings.get(ending.kind) ?? 0) + 1);
  slowest = Math.max(slowest, time);
  bytesRead += size;
}
const seconds = (performance.now() - start) / 1000;
console.log(
  `${mutations} damaged dumps of ${beginnings.length + middles.length} pieces, seed ${seed}, ${(bytesRead / 1e6).toFixed(0)} MB in ${seconds.toFixed(0)} s`,
);
console.log([...endings].map(([kind, count]) => `${kind} ${count}`).join(', '));
console.log(
  `slowest ${slowest.toFixed(0)} ms, peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`,
);
