#!/usr/bin/env node
/**
 * The installed command. Old versions of Node must be able to read this file (compiled), so it imports the program only when its Node is new
 * enough; otherwise it starts the program in one that came along.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isNewEnough, packagedNode } from './node-version.js';

/** What `domain/stop-signals.ts` has; it cannot be imported here, as an old Node must read this file. */
const HANDED_ON = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGTERM'] as const;

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
  // Handed on always, as nobody knows who else gets a signal: the program takes one that comes twice at the same moment for one.
  for (const signal of HANDED_ON) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`rdb-archiver: cannot start the Node that came along: ${error.message}\n`);
    void import('./require-node.js');
  });
  child.on('exit', (code, signal) =>
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
  );
}
