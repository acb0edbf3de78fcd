/**
 * A run, and reading back, against what people use in their place, in the versions of today: wall time, processor time of the process tree and
 * peak memory, as ratios in one run. Linux, with nginx, Ceph's gateway and Python. Usage: npm run bench [-- --rounds 5 --only PATTERN --peers WORD,WORD]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chart } from './peers/chart.ts';
import { CONTESTANTS, type Contestant, isInstalled, type Verb, versionOf } from './peers/contestants.ts';
import { type Figures, measure } from './peers/measure.ts';
import { type DestinationName, type Scheme, startApi, startServers } from './peers/servers.ts';

const MiB = 1024 * 1024;

interface Case {
  readonly verb: Verb;
  readonly size: number;
  readonly dumps: number;
  readonly scheme: Scheme;
  readonly destination: DestinationName;
}

interface Result extends Case {
  readonly contestant: string;
  /** Of its program; absent for ours and the script. */
  readonly version?: string;
  readonly rounds: readonly Figures[];
}

const SCHEMES = ['http', 'https'] as const;
const RUNS: readonly Case[] = (['ceph', 'sink'] as const).flatMap((destination) =>
  SCHEMES.flatMap((scheme) =>
    [
      { size: 64 * MiB, dumps: 1 },
      { size: 512 * MiB, dumps: 1 },
      { size: 2048 * MiB, dumps: 1 },
      { size: 512 * MiB, dumps: 4 },
      { size: 16 * 1024, dumps: 1000 },
    ].map((what) => ({ verb: 'run', ...what, scheme, destination }) as const),
  ),
);
/** What is read back has to lie somewhere: the sink keeps nothing. */
const READS: readonly Case[] = SCHEMES.flatMap((scheme) => [
  { verb: 'verify', size: 512 * MiB, dumps: 2, scheme, destination: 'ceph' },
  { verb: 'restore', size: 512 * MiB, dumps: 1, scheme, destination: 'ceph' },
]);
const CASES = [...RUNS, ...READS];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    peers: { type: 'string', default: '' },
  },
});
// Those of today, and not what the machine has.
const peers = execFileSync('bash', [join(import.meta.dirname, 'peers/fetch')])
  .toString()
  .trim();
process.env['PATH'] = `${peers}:${process.env['PATH']}`;
const versions = new Map(['rclone', 'aws'].map((program) => [program, versionOf(program)]));
console.log([...versions.values()].join(', '));
const wanted = CASES.filter((one) => nameOf(one).includes(values.only));
const servers = await startServers([...new Set(wanted.map(({ destination }) => destination))]);
const results: Result[] = [];
try {
  for (const one of wanted) {
    results.push(...(await runCase(one)));
    save(results);
  }
} finally {
  servers.close();
}

/** The figures as they came, and for each case a chart of the medians. */
function save(all: readonly Result[]): void {
  const folder = new URL('results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const one of new Set(all.map(nameOf))) {
    const mine = all.filter((result) => nameOf(result) === one);
    const bars = mine.map(({ contestant, rounds }) => ({ contestant, figures: medians(rounds) }));
    const file = one.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase();
    writeFileSync(new URL(`${file}.json`, folder), `${JSON.stringify(mine, undefined, 2)}\n`);
    writeFileSync(new URL(`${file}.svg`, folder), chart(one, bars));
  }
}

function medians(rounds: readonly Figures[]): Figures {
  const of = (what: keyof Figures) => median(rounds.map((figures) => figures[what]));
  return { wall: of('wall'), processor: of('processor'), memory: of('memory') };
}

/** All contestants in turn, round after round, so that a busy minute strikes everybody. */
async function runCase(one: Case): Promise<Result[]> {
  const file = await servers.dump(one.size);
  const files = servers.files(one.scheme);
  const api = await startApi({ size: one.size, dumps: one.dumps, files, file });
  const folder = mkdtempSync(join(tmpdir(), 'bench-restored-'));
  const urls = Array.from({ length: one.dumps }, () => `${files}/${file}`);
  const reads = one.verb !== 'run';
  const go = async ({ command }: Contestant, prefix: string, keys: readonly string[]): Promise<Figures> => {
    const { script, env } = command({ ...one, servers, urls, prefix, keys, folder, api: api.environment });
    return measure(script, { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env });
  };
  const mine = CONTESTANTS[one.verb].filter(
    (contestant) =>
      isInstalled(contestant) &&
      (values.peers === '' || values.peers.split(',').some((word) => contestant.name.includes(word))),
  );
  const figures = new Map(mine.map((contestant) => [contestant, [] as Figures[]]));
  try {
    const [archiving] = CONTESTANTS.run;
    if (reads && archiving) await go(archiving, 'kept', []);
    const keys = reads ? servers.keys(`${servers.bucket[one.destination]}/kept/data`) : [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const contestant of mine) {
        const prefix = `run-${round}-${contestant.name.replaceAll(/[^a-z]/g, '')}-${Date.now()}`;
        figures.get(contestant)?.push(await go(contestant, reads ? 'kept' : prefix, keys));
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder);
        if (!reads) await servers.empty();
      }
    }
  } finally {
    api.close();
    rmSync(folder, { recursive: true, force: true });
    await servers.empty();
  }
  const found = [...figures].map(([{ name, needs = '' }, rounds]) => {
    const version = versions.get(needs);
    return { ...one, contestant: name, ...(version !== undefined && { version }), rounds };
  });
  print(one, found);
  return found;
}

function print(one: Case, found: readonly Result[]): void {
  console.log(`\n${nameOf(one)}`);
  console.log(
    `${''.padEnd(20)} ${'wall s'.padStart(16)} ${'processor s'.padStart(16)} ${'peak MB'.padStart(16)}`,
  );
  const [ours] = found;
  for (const { contestant, rounds } of found) {
    const cells = (['wall', 'processor', 'memory'] as const).map((what) => {
      const middle = median(rounds.map((figures) => figures[what]));
      const ratios = rounds.map((figures, round) => (ours?.rounds[round]?.[what] ?? 0) / figures[what]);
      const text = `${middle.toFixed(what === 'memory' ? 0 : 2)}${contestant === ours?.contestant ? '' : ` (${median(ratios).toFixed(2)})`}`;
      return text.padStart(16);
    });
    console.log(`${contestant.padEnd(20)} ${cells.join(' ')}`);
  }
}

function nameOf({ verb, size, dumps, scheme, destination }: Case): string {
  const amount = size >= MiB ? `${size / MiB} MiB` : `${size / 1024} KiB`;
  return `${verb === 'run' ? '' : `${verb} `}${destination} ${scheme} ${dumps} x ${amount}`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
