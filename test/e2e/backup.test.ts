/** A backup that is made on request, by the command line. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linesOf, openWorkplace, outcomesOf, type Workplace } from '../support/workplace.ts';

let work: Workplace;
beforeEach(async () => {
  work = await openWorkplace();
});
afterEach(() => work.close());

const ALLOWED = { ARCHIVER_ALLOW_BACKUP_REQUESTS: 'true' };

test('is made, archived and told line by line', { timeout: 60_000 }, async () => {
  const result = await work.run(
    ['backup', 'crs-orders01', '--remark', 'before the move', '--storage-days', '3'],
    ALLOWED,
  );
  expect([result.code, result.stderr]).toEqual([0, '']);
  const lines = linesOf(result);
  expect(lines.find(({ event }) => event === 'backup.ordered')).toMatchObject({
    instanceId: 'crs-orders01',
    remark: 'before the move',
    inDoubt: false,
  });
  const made = lines.find(({ event }) => event === 'backup.made');
  expect(outcomesOf(result)).toMatchObject([{ outcome: 'archived', backupId: made?.['backupId'] }]);
});

test.each<[string[], Record<string, string>, RegExp]>([
  [['backup', 'crs-orders01'], {}, /allowBackupRequests/],
  [['backup', 'crs-orders01', '--storage-days', '0'], ALLOWED, /from 1 to 1825/],
  [['backup', 'crs-orders01', '--timeout', 'soon'], ALLOWED, /2h, 90m or 300s/],
  [['backup'], ALLOWED, /missing required argument/],
])('%j orders nothing and is exit 2', async (args, env, told) => {
  const { code, stderr } = await work.run(args, env);
  expect([code, stderr]).toEqual([2, expect.stringMatching(told)]);
  expect(work.cloud.requests).toEqual([]);
});
