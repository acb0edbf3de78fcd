/** In which order the test files begin: shuffled by the run's seed, but those that take longest first, or the end would wait for them alone. */
import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Begin first, in this order. A path that is not there any more does no harm. */
const LONGEST = [/^test\/matrix\/two-runs/, /^test\/(matrix|e2e)\//, /^test\/(contract|deploy|scenario)\//];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root, sequence } = this.ctx.config;
    const place = ({ moduleId }: TestSpecification): string => {
      const path = relative(root, moduleId);
      const rank = LONGEST.findIndex((pattern) => pattern.test(path));
      const drawn = createHash('sha256').update(`${sequence.seed} ${path}`).digest('hex');
      return `${rank < 0 ? LONGEST.length : rank} ${drawn}`;
    };
    return files
      .map((file) => ({ file, place: place(file) }))
      .sort((left, right) => (left.place < right.place ? -1 : 1))
      .map(({ file }) => file);
  }
}
