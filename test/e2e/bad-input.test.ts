/** What goes wrong most often, as its victim sees it: one clear message with a hint, the right exit status, and nothing half-done left. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { download, type Fault } from '../support/cloud.ts';
import { cutFile, emptyFile, htmlPage } from '../support/cloud-download-faults.ts';
import type { CommandResult } from '../support/command.ts';
import { startS3 } from '../support/s3.ts';
import { INSTANCE } from '../support/scenario.ts';
import { filesBelow, linesOf, openWorkplace, outcomesOf, summaryOf } from '../support/workplace.ts';

interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** The errors of a run's log, of whatever event. */
function errorsOf(result: CommandResult): Told[] {
  return linesOf(result).flatMap(({ error }) => (error === undefined ? [] : [error as Told]));
}

function expectNoStack({ stdout, stderr }: CommandResult): void {
  expect(stdout + stderr).not.toMatch(/\n\s+at |\\n\s+at |node:internal|\.ts:\d+:\d+/);
}

describe.concurrent('a mistake in the configuration', () => {
  test('of the secret key is told once, with what to check: exit 10', async ({ onTestFinished }) => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    const result = await work.run(['run'], { TENCENTCLOUD_SECRET_KEY: 'wrong-key-of-mine' });
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 10, stderr: '' });
    expect(errorsOf(result)).toEqual([
      {
        code: 'credentials',
        message: expect.stringContaining('AuthFailure.SignatureFailure'),
        hint: expect.stringContaining('TENCENTCLOUD_SECRET_KEY'),
      },
    ]);
    expect(result.stdout).not.toContain('wrong-key-of-mine');
    expectNoStack(result);
  });

  test('that would have Node print every request with its keys is refused before the first one: exit 2', async ({
    onTestFinished,
  }) => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    const result = await work.run(['run'], { NODE_DEBUG: 'http,net' });
    expect(result).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('NODE_DEBUG is set'),
    });
    expect(result.stderr).not.toMatch(/Authorization|HMAC-SHA256/);
    expect(work.cloud.requests).toEqual([]);
  });

  test('of a word that is no region is told before anything is attempted: exit 2', async ({
    onTestFinished,
  }) => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    const result = await work.run(['run'], { ARCHIVER_SOURCE_REGIONS: 'Guangzhou' });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(/ARCHIVER_SOURCE_REGIONS.*: expected a region.*"Guangzhou"/);
    expect(work.cloud.requests).toEqual([]);
    expectNoStack(result);
  });

  test('of a region that the cloud does not know is told with what to check: exit 10', async ({
    onTestFinished,
  }) => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    const result = await work.run(['run'], { ARCHIVER_SOURCE_REGIONS: 'ap-atlantis' });
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 10, stderr: '' });
    expect(errorsOf(result)).toEqual([
      {
        code: 'api-rejected',
        message: expect.stringMatching(/UnsupportedRegion.*ap-atlantis/),
        hint: expect.stringContaining('check `region`'),
      },
    ]);
    expectNoStack(result);
  });

  test('of the bucket is told before the cloud is asked: exit 11', async ({ onTestFinished }) => {
    const s3 = await startS3();
    const work = await openWorkplace({ bucket: { ...s3, bucket: 'no-such-bucket' } });
    onTestFinished(work.close);
    const result = await work.run(['run']);
    await s3.close();
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 11, stderr: '' });
    expect(errorsOf(result)).toEqual([
      {
        code: 'store-refused',
        message: expect.stringMatching(/no-such-bucket.*NoSuchBucket \(HTTP 404\)/),
        hint: expect.stringContaining('Create the bucket'),
      },
    ]);
    expect(work.cloud.requests).toEqual([]);
    expectNoStack(result);
  });

  test('of the YAML is told with its line and column, and with nothing else: exit 2', async ({
    onTestFinished,
  }) => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    mkdirSync(join(work.cwd, 'config'));
    writeFileSync(join(work.cwd, 'config/archiver.yaml'), 'sources:\n  - region: gz\n   api: tencent-v3\n');
    const result = await work.run(['run']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(/config\/archiver\.yaml:3(:\d+)?: /);
    expect(result.stderr.trim().split('\n').length).toBeLessThanOrEqual(4);
    expect(work.cloud.requests).toEqual([]);
    expectNoStack(result);
  });
});

// The whole backup is tried once more after a quarter of a minute before a web page counts as a failure.
describe.concurrent("in a dump's place", { timeout: 60_000 }, () => {
  test('a web page blames the way, not the dump: `download-failed`, nothing kept, exit 3', async () => {
    const [result, kept] = await runWith(htmlPage());
    expect(outcomesOf(result)).toMatchObject([
      {
        outcome: 'failed',
        reason: 'download-failed',
        error: {
          message: expect.stringContaining('begins with a web page'),
          hint: expect.stringContaining('HTTPS_PROXY'),
        },
      },
    ]);
    expect(kept).toEqual([]);
  });

  test.each([
    ['an empty file', emptyFile(), 'the file is empty'],
    ['a file cut in its last byte', cutFile(1), 'it was cut off'],
  ])('%s is damage: `corrupt-source`, kept in quarantine only, exit 3', async (_what, fault, problem) => {
    const [result, kept] = await runWith(fault);
    expect(outcomesOf(result)).toMatchObject([
      {
        instanceId: INSTANCE,
        outcome: 'failed',
        reason: 'corrupt-source',
        error: { message: expect.stringContaining(problem), hint: expect.stringContaining('quarantine') },
      },
    ]);
    expect(kept.map((path) => path.replace(/.*\/kept\/(\w+)\/.*\//, '$1 '))).toEqual(
      expect.arrayContaining(['quarantine dump.rdb', 'quarantine record.json']),
    );
    expect(kept).toHaveLength(2);
  });

  /** What a run makes of it, and what lies in the destination afterwards. */
  async function runWith(fault: Fault): Promise<[CommandResult, string[]]> {
    const work = await openWorkplace();
    try {
      work.cloud.fault(download(), fault);
      const result = await work.run(['run']);
      expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 3, stderr: '' });
      expect(summaryOf(result)).toMatchObject({ considered: 1, archived: 0, failed: 1, exitCode: 3 });
      expectNoStack(result);
      return [result, filesBelow(join(work.cwd, 'kept'))];
    } finally {
      await work.close();
    }
  }
});

describe.concurrent('a place that cannot be written to', () => {
  test.for<[string, string]>([
    ['a file', '.env.mine'],
    ['below a file', '.env.mine/archive'],
    ['where no folder can be made', '/proc/archive'],
    ['mounted read-only', '/sys'],
  ])('is told of by the demo with its reason, when it is %s: exit 2', async ([, dir], { onTestFinished }) => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    writeFileSync(join(work.cwd, '.env.mine'), '');
    const result = await work.run(['demo', '--dir', dir]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(/cannot go to .*: E[A-Z]+: .*\n {2}Name a folder with --dir/);
    expectNoStack(result);
  });
});
