/**
 * What proving an archive costs once years of a fleet lie in it: requests, time to the first line, and peak memory of the real program against
 * a store that makes the catalog up as it is asked, side by side with another build. Linux only (it reads /proc).
 * Usage: npm run bench:years -- [--instances 200] [--days 365] [--base FOLDER] [--only list,verify,expire] [--limit SECONDS]
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    instances: { type: 'string', default: '200' },
    days: { type: 'string', default: '365' },
    base: { type: 'string' },
    only: { type: 'string', default: 'list,verify,expire' },
    limit: { type: 'string', default: '600' },
  },
});
const [instances, days] = [Number(values.instances), Number(values.days)];
const DAY_MS = 24 * 3_600_000;
/** Ten days of archives are to go. */
const RETENTION = `retention:\n  - keepDaily: ${Math.max(1, days - 10)}\n`;
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  list: ['list', 'archives', '--json'],
  verify: ['verify', '--sample', '1%', '--json'],
  expire: ['expire', '--json'],
  index: ['index', '--json'],
};
/** As in the container image. */
const FLAGS = [
  '--max-semi-space-size=2',
  '--import',
  join(import.meta.dirname, '../test/support/tell-peak.js'),
];

interface Build {
  readonly name: string;
  readonly folder: string;
}

interface Measured {
  readonly requests: string;
  readonly total: number;
  /** Seconds. */
  readonly firstLine: number | undefined;
  readonly whole: number;
  readonly peakMb: number;
  readonly exit: string;
}

async function startStore() {
  const fleet = [instances, days, Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS];
  const store = fork(new URL('./years-store.ts', import.meta.url), fleet.map(String));
  const [port] = (await once(store, 'message')) as [number];
  return {
    port,
    async taken(): Promise<Record<string, number>> {
      store.send('counts');
      const [counts] = (await once(store, 'message')) as [Record<string, number>];
      return counts;
    },
    close: () => store.kill(),
  };
}

type Store = Awaited<ReturnType<typeof startStore>>;

function environmentOf(port: number, prefix: string): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'],
    TENCENTCLOUD_SECRET_ID: 'nobody',
    TENCENTCLOUD_SECRET_KEY: 'asks',
    ARCHIVER_SOURCE_REGIONS: 'ap-guangzhou',
    ARCHIVER_DESTINATION: `s3://years/${prefix}`,
    ARCHIVER_S3_ENDPOINT: `http://127.0.0.1:${port}`,
    ARCHIVER_S3_REGION: 'us-east-1',
    ARCHIVER_S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: 'nobody',
    AWS_SECRET_ACCESS_KEY: 'looks',
  };
}

async function measure(
  build: Build,
  args: readonly string[],
  store: Store,
  prefix = 'redis',
): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'years-'));
  const config = join(folder, 'archiver.yaml');
  writeFileSync(config, RETENTION);
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const child = spawn(
    process.execPath,
    [...FLAGS, join(build.folder, 'dist/main.js'), ...args, '--config', config],
    {
      cwd: folder,
      env: environmentOf(store.port, prefix),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let firstLine: number | undefined;
  let said = '';
  child.stdout.on('data', () => {
    firstLine ??= seconds();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-4000);
  });
  const stop = setTimeout(() => child.kill('SIGTERM'), Number(values.limit) * 1000);
  const kill = setTimeout(() => child.kill('SIGKILL'), Number(values.limit) * 1000 + 20_000);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(stop);
  clearTimeout(kill);
  rmSync(folder, { recursive: true });
  const counts = await store.taken();
  const [, peak = '0'] = /peak (\d+)\s*$/.exec(said) ?? [];
  if (code === 1 || code === 2) console.error(said);
  return {
    requests: Object.entries(counts)
      .map(([name, times]) => `${times} ${name}`)
      .join(', '),
    total: Object.values(counts).reduce((sum, times) => sum + times, 0),
    firstLine,
    whole: seconds(),
    peakMb: (Number(peak) * 1024) / 1e6,
    exit:
      code === 143 || code === null ? `stopped after ${values.limit} s (${signal ?? code})` : `exit ${code}`,
  };
}

function row(command: string, build: string, one: Measured, bareMb: number): string {
  const first = one.firstLine === undefined ? 'never' : `${one.firstLine.toFixed(1)} s`;
  return `| ${command} | ${build} | ${one.total} (${one.requests}) | ${first} | ${one.whole.toFixed(1)} s, ${one.exit} | ${one.peakMb.toFixed(0)} MB | ${(one.peakMb - bareMb).toFixed(0)} MB |`;
}

const here = { name: 'this build', folder: resolve(import.meta.dirname, '..') };
const builds: Build[] = [
  ...(values.base === undefined ? [] : [{ name: 'base', folder: resolve(values.base) }]),
  here,
];
console.log(`${instances} instances, ${days} days: ${instances * days} archives\n`);
console.log('| command | build | requests | first line | whole | peak memory | over the bare process |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const build of builds) {
  const store = await startStore();
  try {
    const bare = await measure(build, COMMANDS['list'] ?? [], store, 'nothing-here');
    console.log(row('list archives of nothing', build.name, bare, bare.peakMb));
    for (const name of values.only.split(',')) {
      const args = COMMANDS[name.replace(/-again$/, '')] ?? [];
      console.log(
        row(
          `${args.join(' ')}${name.endsWith('-again') ? ' (again)' : ''}`,
          build.name,
          await measure(build, args, store),
          bare.peakMb,
        ),
      );
    }
  } finally {
    store.close();
  }
}
