/** `check` on the command line: a table or one document on standard output, what is wrong and what to do on standard error. */
import { expect, test } from 'vitest';
import type { CheckItem } from '../../src/check/report.ts';
import { failing, passed, warned } from '../../src/domain/check.ts';
import { ArchiverError } from '../../src/domain/errors.ts';
import { runIn } from './fake-surroundings.ts';

const destination = { part: 'destination', source: null } as const;
const source = { part: 'source', source: 'ap-guangzhou' } as const;
const items: readonly CheckItem[] = [
  { ...destination, ...passed('reach', 'https://s3.example.org answers', { pathStyle: true }) },
  { ...destination, ...warned('put-if-absent', 'If-None-Match is ignored', 'Mind the race.') },
  { ...source, ...failing('DescribeBackupUrl', new ArchiverError('permission', 'not authorised')) },
];
const problems = [
  { message: 'warning: destination, put-if-absent: If-None-Match is ignored', hint: 'Mind the race.' },
];
const app = { check: async () => ({ items, problems, exitCode: 10 }) };

test('the table has a row for each check, the advice goes to standard error, and the exit status is what was found', async () => {
  const { code, stdout, stderr, closed } = await runIn(['check'], { app });
  expect(code).toBe(10);
  expect(closed).toBe(true);
  expect(stdout).toBe(
    [
      'RESULT   WHERE         CHECK              DETAIL',
      'ok       destination   reach              https://s3.example.org answers',
      'warning  destination   put-if-absent      If-None-Match is ignored',
      'failed   ap-guangzhou  DescribeBackupUrl  not authorised',
      '',
    ].join('\n'),
  );
  expect(stderr).toContain(
    'rdb-archiver: warning: destination, put-if-absent: If-None-Match is ignored\n  Mind the race.',
  );
  expect(stderr).toMatch(/3 checks: 1 ok, 1 warning, 1 failed\n$/);
});

test('--json gives one document and nothing else on standard output', async () => {
  const { stdout } = await runIn(['check', '--json'], { app });
  expect(JSON.parse(stdout)).toEqual({ schema: 'rdb-archiver/check@1', items });
});

test('a configuration that is wrong ends in 2 before anything is tried', async () => {
  const { code, config } = await runIn(['check'], { app, env: { ARCHIVER_DESTINATION: 'nowhere' } });
  expect([code, config]).toEqual([2, undefined]);
});
