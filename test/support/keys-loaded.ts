/** How many keys a real redis-server finds in a dump. */
import { copyFile, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startCommand } from './command.ts';

/** Loads the dump as a server does at its start, and counts the keys over all databases. */
export async function keysLoaded(dump: string, folder: string): Promise<number> {
  await mkdir(folder);
  await copyFile(dump, join(folder, 'dump.rdb'));
  const socket = join(folder, 'socket');
  const program = ['redis-server', '--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no'];
  const server = startCommand([], { cwd: folder, program, env: { PATH: process.env['PATH'] ?? '' } });
  try {
    await server.said(/ready to accept connections/i);
    const client = connect(socket);
    client.write('INFO keyspace\r\nQUIT\r\n');
    const answer = await text(client);
    return [...answer.matchAll(/^db\d+:keys=(\d+)/gm)].reduce((sum, [, keys]) => sum + Number(keys), 0);
  } finally {
    server.child.kill();
    await server.result;
  }
}
