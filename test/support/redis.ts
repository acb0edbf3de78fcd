/** A real server of its own folder and socket, and a connection to it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { startCommand } from './command.ts';

export interface RedisServer {
  readonly folder: string;
  /** Where `SAVE` writes. */
  readonly dump: string;
  /** Resolves to the server's answer; rejects with its error. */
  ask(...command: (string | Buffer)[]): Promise<unknown>;
  /** Runs a script of Lua without keys. */
  script(lua: string): Promise<unknown>;
  /** What the server has said since its start. */
  readonly said: string;
  close(): Promise<void>;
}

export interface RedisOptions {
  readonly program?: string;
  /** Further settings, as `--name value`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Puts a dump in the folder, to be loaded at the start. */
  readonly prepare?: (dump: string) => Promise<void>;
}

export async function startRedis({
  program = 'redis-server',
  settings = {},
  prepare,
}: RedisOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'archiver-redis-'));
  const [socket, dump] = [join(folder, 'socket'), join(folder, 'dump.rdb')];
  await prepare?.(dump);
  const options = { port: '0', unixsocket: socket, dir: folder, save: '', appendonly: 'no', ...settings };
  const server = startCommand(
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    {
      cwd: folder,
      program: [program],
      env: { PATH: process.env['PATH'] ?? '' },
    },
  );
  const said = await server.said(/ready to accept connections/i);
  const client = createClient({ socket: { path: socket, reconnectStrategy: false }, RESP: 2 });
  client.on('error', () => undefined);
  await client.connect();
  return {
    folder,
    dump,
    ask: (...command) => client.sendCommand(command),
    script: (lua) => client.sendCommand(['EVAL', lua, '0']),
    said,
    async close() {
      client.destroy();
      server.child.kill('SIGKILL');
      await server.result;
      await rm(folder, { recursive: true });
    },
  };
}
