#!/usr/bin/env node
/** The entry: hands the process's surroundings to the command line, and ends the process with what came of it. */
import './require-node.js';
import { runProgram } from './cli/program.ts';
import type { Output, RunningSandbox, Surroundings } from './cli/surroundings.ts';
import { asArchiverError, interruption } from './domain/errors.ts';
import { STOP_SIGNAL_NAMES } from './domain/stop-signals.ts';
import { messageChain } from './report/error-text.ts';
import { systemClock } from './system-clock.ts';
import { installedIn, readVersion } from './version.ts';

const stop = new AbortController();
/**
 * One signal may come twice: systemd sends it to the launcher of `bin.ts` and to us, a terminal too, and the launcher hands it on. Milliseconds.
 */
const SAME_SIGNAL_MS = 500;
let stoppedAt = 0;
for (const signal of STOP_SIGNAL_NAMES) {
  process.on(signal, () => {
    const reason = interruption(signal);
    if (!stop.signal.aborted) {
      stoppedAt = systemClock.now();
      stop.abort(reason);
    } else if (Math.abs(systemClock.now() - stoppedAt) > SAME_SIGNAL_MS) {
      // The second signal means it.
      process.exit(reason.exit);
    }
  });
}
for (const failure of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(failure, (thrown: unknown) => {
    process.stderr.write(`rdb-archiver: ${messageChain(asArchiverError(thrown))}\n`);
    process.exit(1);
  });
}
let lostWords: string | undefined;
for (const [name, stream] of Object.entries({ output: process.stdout, error: process.stderr })) {
  // Whoever reads may go away (`… | head`), and a disk may be full: the work goes on, for a lost log must not cost a backup.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lostWords ??= `cannot write to standard ${name}: ${error.message}`;
  });
}

const surroundings: Surroundings = {
  // The adapters are loaded by the commands that need them: help and version come at once.
  createApp: async (config, ports) => (await import('./app/app.ts')).createApp(config, ports),
  describeDestination: async (config) =>
    (await import('./app/wire-destination.ts')).describeDestination(config, systemClock),
  inspectFile: async (request) => (await import('./inspect/inspect-file.ts')).inspectFile(request),
  createSandbox: openSandbox,
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
  version: readVersion(),
  home: installedIn(),
  invocation: import.meta.url.endsWith('.ts') ? 'node dist/bin.js' : 'rdb-archiver',
  signal: stop.signal,
};

const code = await runProgram(process.argv.slice(2), surroundings);
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
if (lostWords !== undefined) process.stderr.write(`rdb-archiver: ${lostWords}\n`);
process.exit(lostWords === undefined ? code : code || 1);

function outputOf(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => void stream.write(text),
    writeBytes: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    isTTY: stream.isTTY,
    columns: stream.isTTY ? stream.columns : undefined,
    terminal: stream.isTTY ? stream : undefined,
  };
}

/** Resolves when everything written so far has left the process, or has nobody left to go to. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

async function openSandbox({ port }: { readonly port: number }): Promise<RunningSandbox> {
  const [{ createSandbox, sandboxEnvironment }, { defaultWorld }] = await Promise.all([
    import('./sandbox/sandbox.ts'),
    import('./sandbox/worlds.ts'),
  ]);
  const world = defaultWorld(systemClock);
  const sandbox = await createSandbox({ world, clock: systemClock, port });
  const count = (list: 'instances' | 'backups'): number =>
    sandbox.regions.reduce((sum, region) => sum + world[list](region).length, 0);
  return {
    url: sandbox.url,
    contents: `${count('instances')} instances, one that was deleted, ${count('backups')} backups`,
    environment: sandboxEnvironment(sandbox),
    close: () => sandbox.close(),
  };
}
