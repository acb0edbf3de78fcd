/** How the tests run: every file in a process of its own, in any order, offline. */
import './src/require-node.js';
import { defineConfig } from 'vitest/config';
import { skippedReporter } from './test/support/skipped-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/without-aws.ts'],
    pool: 'forks',
    // Most of them wait for sockets and for other programs; one worker leaves half of a small machine idle.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    sequence: { shuffle: true },
    restoreMocks: true,
    reporters: ['default', skippedReporter],
  },
});
