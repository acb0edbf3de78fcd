/**
 * One large dump over a long way, with one connection and with several: what `ARCHIVER_CONNECTIONS` is for. The download host is behind a
 * proxy that delays (peers/long-way.ts), the bucket is a draining sink. Linux, nginx. Usage: npm run bench:distance [-- ROUND_TRIP_MS WINDOW_KIB]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CONTESTANTS } from './peers/contestants.ts';
import { type Figures, measure } from './peers/measure.ts';
import { startApi, startServers } from './peers/servers.ts';

const SIZE = 512 * 1024 * 1024;
const ROUNDS = 3;
const [roundTripMs = 30, windowKib = 1024] = process.argv.slice(2).map(Number);

const servers = await startServers(['sink']);
const file = await servers.dump(SIZE);
const proxy = spawn(
  process.execPath,
  [
    join(import.meta.dirname, 'peers/long-way.ts'),
    new URL(servers.files('http')).port,
    String(roundTripMs),
    String(windowKib * 1024),
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const [line] = (await once(proxy.stdout, 'data')) as [Buffer];
const api = await startApi({ size: SIZE, dumps: 1, files: `http://127.0.0.1:${String(line).trim()}`, file });
const [ours] = CONTESTANTS.run;

async function run(connections: string, round: number): Promise<Figures> {
  const task = {
    servers,
    scheme: 'http',
    destination: 'sink',
    urls: [],
    keys: [],
    folder: '',
    api: api.environment,
  } as const;
  const command = ours?.command({ ...task, prefix: `far-${connections}-${round}` });
  return measure(command?.script ?? '', {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    ...command?.env,
    ARCHIVER_CONNECTIONS: connections,
    ARCHIVER_BUFFER_MEMORY: '128MiB',
  });
}

try {
  console.log(
    `512 MiB, round trip ${roundTripMs} ms, at most ${windowKib} KiB on their way in one connection\n`,
  );
  console.log('connections    wall s   against one   processor s   peak MB');
  let single = 0;
  for (const connections of ['1', '2', '4', '8', 'auto']) {
    const rounds: Figures[] = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await run(connections, round));
    const [, middle] = rounds.sort((one, other) => one.wall - other.wall);
    if (!middle) continue;
    if (connections === '1') single = middle.wall;
    const { wall, processor, memory } = middle;
    console.log(
      `${connections.padEnd(11)}  ${wall.toFixed(2).padStart(8)}  ${(wall / single).toFixed(2).padStart(12)}  ${processor.toFixed(2).padStart(12)}  ${memory.toFixed(0).padStart(8)}`,
    );
  }
} finally {
  api.close();
  proxy.kill();
  servers.close();
}
