#!/usr/bin/env node
/**
 * The installed command. Old versions of Node must be able to read this file (compiled), so it imports nothing of ours at the top:
 * it finds a Node that is new enough and starts the program in it.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;
/** Where npm puts the `node` package: in our own node_modules in a checkout, beside us where we are somebody's dependency. */
const PLACES = ['../node_modules/node/bin/node', '../../node/bin/node'];

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  await import('./main.ts');
} else {
  const newer = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) =>
    existsSync(path),
  );
  if (newer === undefined) refuse();
  else startIn(newer);
}

function startIn(node: string): void {
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const child = spawn(node, [...process.execArgv, main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the child by itself; handed on, it would arrive twice, and the second one ends the program at once.
  process.on('SIGINT', () => atTerminal() || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', () => refuse());
  child.on('exit', (code, signal) =>
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
  );
}

function atTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
}

function refuse(): void {
  process.stderr.write(
    `rdb-archiver: needs Node ${NEEDED} or newer, and this is Node ${process.versions.node}\n` +
      `  Install Node ${NEEDED}, or the npm package node@${NEEDED} beside this one.\n`,
  );
  process.exit(2);
}
