/**
 * How fast each part is by itself: the digests, the reader of dumps on several shapes of keys, the plan of a large fleet. Medians of
 * several rounds, and how each compares with SHA-256, so that figures of different machines can be held side by side.
 * Usage: npm run bench:parts [ROUNDS]
 */
import { createHash, randomBytes } from 'node:crypto';
import { crc64Tap } from '../src/integrity/crc64.ts';
import { md5Pair } from '../src/integrity/md5-pair.ts';
import { rdbTap } from '../src/integrity/rdb.ts';
import { sha256Tap, type Tap } from '../src/integrity/taps.ts';
import { makePlan } from '../src/plan/plan.ts';
import { censusTap } from '../src/rdb/census.ts';
import { keyTotalsTap } from '../src/rdb/key-totals.ts';
import { aBackup, anInstance } from '../test/support/builders.ts';
import { bytes, expireAt, key, length, listpack, string } from '../test/support/rdb-writer.ts';

const ROUNDS = Number(process.argv[2] ?? 7);
const SIZE = 64 * 1024 * 1024;
/** What the download hands on at once. */
const CHUNK = 512 * 1024;
const PART = 8 * 1024 * 1024;
const INSTANCES = 10_000;
const BACKUPS_EACH = 7;

/** Records of one shape, repeated under other names until there is enough of them. */
function dumpOf(record: (number: number) => Buffer, size = SIZE): { file: Buffer; keys: number } {
  const records: Buffer[] = [];
  let keys = 0;
  for (let total = 0; total < size; keys++) {
    const next = record(keys);
    records.push(next);
    total += next.length;
  }
  // The benchmark's taps do not judge the checksum, and working it out in JavaScript would take longer than all the rest.
  return { file: bytes('REDIS0011', bytes(0xfe, 0), Buffer.concat(records), 0xff, Buffer.alloc(8)), keys };
}

const noise = randomBytes(1024 * 1024);
const fields = Array.from({ length: 8 }, (_, index) => `field-${index}`);
const small = listpack(fields);
const members = bytes(...Array.from({ length: 1000 }, (_, index) => string(`member:${100_000 + index}`)));

const SHAPES = {
  'strings of 10 B': (n: number) => key(0, `k:${n}`, string('0123456789')),
  'strings of 100 B': (n: number) =>
    key(0, `session:${n}`, string(noise.subarray(n % 1000, (n % 1000) + 100))),
  'strings of 100 B, expiring': (n: number) =>
    bytes(expireAt(1.8e12 + n), key(0, `session:${n}`, string(noise.subarray(n % 1000, (n % 1000) + 100)))),
  'strings of 1 KB': (n: number) => key(0, `page:${n}`, string(noise.subarray(n % 1000, (n % 1000) + 1000))),
  'strings of 10 KB': (n: number) =>
    key(0, `page:${n}`, string(noise.subarray(n % 1000, (n % 1000) + 10_000))),
  'hashes of 4 fields': (n: number) => key(16, `user:${n}`, string(small)),
  'sets of 1000 members': (n: number) => key(2, `followers:${n}`, length(1000), members),
};

/** Of processor time, so that a machine which does other things besides shows the same. */
function milliseconds(start: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1000;
}

async function seconds(tap: Tap<unknown>, file: Buffer): Promise<number> {
  const start = process.threadCpuUsage();
  for (let at = 0; at < file.length; at += CHUNK) tap.update(file.subarray(at, at + CHUNK));
  tap.result();
  return milliseconds(start) / 1000;
}

function md5(bytes: Buffer): Buffer {
  return createHash('md5').update(bytes).digest();
}

async function median(round: () => Promise<number> | number): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < ROUNDS; index++) times.push(await round());
  return times.sort((left, right) => left - right)[ROUNDS >> 1] ?? 0;
}

function tell(what: string, rate: string, ratio: string): void {
  console.log(`${what.padEnd(48)}${rate.padStart(14)}${ratio.padStart(14)}`);
}

const typical = dumpOf(SHAPES['strings of 1 KB']);
tell('part', 'rate', 'of SHA-256');
const megabytes = (file: Buffer, time: number) => file.length / 1e6 / time;
const base = megabytes(typical.file, await median(() => seconds(sha256Tap(), typical.file)));
tell('SHA-256', `${base.toFixed(0)} MB/s`, '1.00');
for (const [name, tap] of [
  ['CRC-64', crc64Tap],
  ['CRC-64 and the format checks', rdbTap],
] as const) {
  const rate = megabytes(typical.file, await median(async () => seconds(await tap(), typical.file)));
  tell(name, `${rate.toFixed(0)} MB/s`, (rate / base).toFixed(2));
}

for (const [name, digest] of [
  ['MD5 of one part after the other', (one: Buffer, other: Buffer) => [md5(one), md5(other)]],
  ['MD5 of two parts side by side', md5Pair],
] as const) {
  const time = await median(() => {
    const start = process.threadCpuUsage();
    for (let at = 0; at + 2 * PART <= typical.file.length; at += 2 * PART)
      digest(typical.file.subarray(at, at + PART), typical.file.subarray(at + PART, at + 2 * PART));
    return milliseconds(start) / 1000;
  });
  const rate = megabytes(typical.file, time);
  tell(name, `${rate.toFixed(0)} MB/s`, (rate / base).toFixed(2));
}

for (const [name, record] of Object.entries(SHAPES)) {
  const { file, keys } = dumpOf(record);
  const time = await median(() => seconds(censusTap({ asOf: 0 }), file));
  const rate = megabytes(file, time);
  tell(`census, ${name}`, `${rate.toFixed(0)} MB/s`, (rate / base).toFixed(2));
  tell('', `${(keys / 1e6 / time).toFixed(2)} M keys/s`, '');
}
const many = dumpOf(SHAPES['strings of 100 B']);
const counted = megabytes(many.file, await median(() => seconds(keyTotalsTap(), many.file)));
tell(
  'keys counted (run --inspect), strings of 100 B',
  `${counted.toFixed(0)} MB/s`,
  (counted / base).toFixed(2),
);

const instances = Array.from({ length: INSTANCES }, (_, index) => anInstance({ id: `crs-${index}` }));
const backups = instances.flatMap(({ id }) =>
  Array.from({ length: BACKUPS_EACH }, (_, day) =>
    aBackup({ id: `${id}-${day}`, instanceId: id, startedAt: `2026-11-${String(17 + day)}T02:15:00Z` }),
  ),
);
const planned = await median(() => {
  const start = process.threadCpuUsage();
  makePlan({
    instances,
    backups,
    selects: () => true,
    shard: { index: 0, count: 1 },
    takesEncrypted: true,
    isArchived: ({ id }) => !id.endsWith('6'),
    hasEarlierArchive: () => true,
    quarantinedAt: () => undefined,
    now: Date.parse('2026-11-24T00:00:00Z'),
  });
  return milliseconds(start);
});
const same = (base * planned) / 1000;
tell(`plan of ${backups.length} backups`, `${planned.toFixed(0)} ms`, `${same.toFixed(0)} MB hashed`);
