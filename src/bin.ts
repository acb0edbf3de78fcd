#!/usr/bin/env node
/**
 * The installed command. Old versions of Node must be able to read this file (compiled), so it imports the program only when its Node is new
 * enough; otherwise it starts the program in one that came along.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isNewEnough, packagedNode } from './node-version.js';

const other = isNewEnough(process.versions.node) ? undefined : packagedNode();
if (other === undefined) await runHere();
else startIn(other);

async function runHere(): Promise<void> {
  await import('./require-node.js');
  await import('./main.ts');
}

function startIn(node: string): void {
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const child = spawn(node, [...process.execArgv, main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the child by itself; handed on, it would arrive twice, and the second one ends the program at once.
  process.on('SIGINT', () => atTerminal() || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => {
    process.stderr.write(`rdb-archiver: cannot start the Node that came along: ${error.message}\n`);
    void import('./require-node.js');
  });
  child.on('exit', (code, signal) =>
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
  );
}

function atTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
}
