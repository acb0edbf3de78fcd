/** The script that compares the cloud's error codes with ours does find one that is new. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../support/needs.ts';

describeWith(['python3'], "a package of the cloud's SDK", () => {
  test('with a code that nobody has judged is refused by its name', () => {
    const { status, stdout } = compare("A = 'InternalError'\nB = 'InternalError.SomethingNew'\n");
    expect(stdout).toContain('not in src/source/api-errors.ts: InternalError.SomethingNew\n');
    expect(status).toBe(1);
  });

  test('with known codes only is fine', () => {
    expect(compare("A = 'InternalError'\n").status).toBe(0);
  });

  test('of another shape is no proof that all is known', () => {
    expect(compare('nothing here\n').status).not.toBe(0);
  });
});

function compare(codes: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sdk-codes-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const content = join(folder, 'tencentcloud/redis/v20180412');
  mkdirSync(content, { recursive: true });
  writeFileSync(join(content, 'errorcodes.py'), codes);
  const wheel = join(folder, 'sdk.whl');
  execFileSync('python3', ['-m', 'zipfile', '-c', wheel, join(folder, 'tencentcloud')]);
  return spawnSync(process.execPath, ['test/source/sdk-codes.ts', wheel], { encoding: 'utf8' });
}
