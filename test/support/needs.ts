/** Tests that need a real tool: on a developer's machine they are skipped by name, in CI they fail. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';

/** Set by `.ci/run`: there a missing tool is a failure, for a test that never runs proves nothing. */
const REQUIRE_ALL = process.env['RDB_ARCHIVER_REQUIRE_ALL'] === '1';

/** Whether all of these programs can be started by name; `root` is to be the user of that name. */
export function available(...tools: string[]): boolean {
  return missing(tools).length === 0;
}

/**
 * A group of tests that needs these programs, or to be `root`. Where one is missing, the group holds a single test that says which:
 * skipped on a developer's machine, failed under `RDB_ARCHIVER_REQUIRE_ALL=1`.
 */
export function describeWith(tools: readonly string[], title: string, body: () => void): void {
  const absent = missing(tools);
  if (absent.length === 0) {
    describe(title, body);
    return;
  }
  const note = `needs ${absent.join(', ')}`;
  describe(title, () => {
    test(note, ({ skip }) => {
      if (!REQUIRE_ALL) skip(note);
      throw new Error(`${note}: install it, or run without RDB_ARCHIVER_REQUIRE_ALL to skip these tests`);
    });
  });
}

function missing(tools: readonly string[]): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const isThere = (tool: string): boolean =>
    tool === 'root' ? process.getuid?.() === 0 : folders.some((folder) => isExecutable(join(folder, tool)));
  return tools.filter((tool) => !isThere(tool));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
