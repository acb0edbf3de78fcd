/** The tests that Stryker runs: in this process, in a fixed order, and no others than it was told. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: (process.env['MUTATION_TESTS'] ?? 'test/domain/**/*.test.ts').split(','),
    // A real server would have to be started for each of them.
    exclude: ['test/**/*-ceph.test.ts'],
    // With every place of the code counted, on a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    restoreMocks: true,
  },
});
