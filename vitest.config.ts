/** How the tests run: offline, in any order, files one after another in a few processes that they share. */
import './src/require-node.js';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';
import { skippedReporter } from './test/support/skipped-reporter.ts';

/** `npm run stores`: on every real store, those too that take CI too long, and each of which keeps a core busy by itself. */
const allStores = process.env['RDB_ARCHIVER_STORES'] === 'all';
const patience = allStores ? 4 : 1;

export default defineConfig({
  test: {
    include: [allStores ? 'test/stores/*.{test,slow}.ts' : 'test/**/*.test.ts'],
    setupFiles: ['test/support/without-aws.ts'],
    pool: 'forks',
    // No file changes what another could see, so the next one finds loaded and compiled what this one has used.
    isolate: false,
    // Half of their time they wait for sockets and for other programs: a worker a core would leave it idle.
    maxWorkers: (allStores ? 1 : 2) * availableParallelism(),
    // Every scenario has buffers of some 5 MiB; by itself V8 would collect the whole heap whenever there are a few of these.
    execArgv: ['--external-memory-accounted-in-global-limit'],
    globalSetup: ['test/support/run-folder.ts'],
    testTimeout: patience * 30_000,
    hookTimeout: patience * 60_000,
    sequence: { shuffle: true, sequencer: LongestFirst },
    restoreMocks: true,
    unstubEnvs: true,
    reporters: ['default', skippedReporter],
  },
});
