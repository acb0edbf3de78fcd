/** Addresses of this machine on which a connection never comes about, as where a firewall drops what is sent: nobody refuses, nobody answers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** A listener that is stopped, with a queue for one: what comes when it is full the kernel drops without a word. */
const LISTENER = `
const [port, ...hosts] = process.argv.slice(1);
const servers = hosts.map((host) => require('node:net').createServer().listen({ host, port: Number(port), backlog: 1 }));
Promise.all(servers.map((server) => require('node:events').once(server, 'listening'))).then(() => {
  console.log('listening');
  process.kill(process.pid, 'SIGSTOP');
});
`;

/** On this port of these addresses (`127.0.0.2` and so on), for the length of the test. */
export async function openBlackhole(port: number, hosts: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ['-e', LISTENER, String(port), ...hosts], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const queued: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of queued) socket.destroy();
    await endOf(child);
  });
  await once(child.stdout, 'data');
  for (const host of hosts) await fill(port, host, queued);
}

/** As many as still connect. */
async function fill(port: number, host: string, queued: Socket[]): Promise<void> {
  for (;;) {
    const socket = connect({ port, host });
    socket.on('error', () => {});
    queued.push(socket);
    const isIn = await Promise.race([once(socket, 'connect').then(() => true), delay(200, false)]);
    if (!isIn) return;
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
