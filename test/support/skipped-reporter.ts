/** Ends a test run with the names of what was skipped, so that a missing tool is never mistaken for a pass. */
import type { Reporter, TestModule } from 'vitest/node';

export const skippedReporter: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    const names = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map(
        (skipped) => `  ${module.relativeModuleId} > ${skipped.fullName}`,
      ),
    );
    if (names.length > 0) console.log(`Skipped:\n${names.sort().join('\n')}\n`);
  },
};
