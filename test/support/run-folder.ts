/** A folder for what the test files of one run share, whichever process each of them is in. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

/** For test files: they run in children of the run's main process, whose number names the folder. */
export function runFolder(mainProcess = process.ppid): string {
  return join(tmpdir(), `rdb-archiver-tests-${mainProcess}`);
}

/** Called by vitest in the run's main process: nothing outlives a run, nor the files whose change begins another. */
export function setup(project: TestProject): () => void {
  const remove = (): void => rmSync(runFolder(process.pid), { recursive: true, force: true });
  project.onTestsRerun(remove);
  return remove;
}
