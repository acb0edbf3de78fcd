/** The textfile for node-exporter: whole or not at all, and it forgets no success. */
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withEarlierSuccesses, writeTextfile } from '../../../src/report/metrics/textfile.ts';

const NAME = 'rdb_archiver_last_success_timestamp_seconds';
const file = (successes: Readonly<Record<string, number>>, exitCode: number): string =>
  [
    '# HELP rdb_archiver_run_last_exit_code The exit status of the last run.',
    '# TYPE rdb_archiver_run_last_exit_code gauge',
    `rdb_archiver_run_last_exit_code ${exitCode}`,
    '',
    `# HELP ${NAME} When.`,
    `# TYPE ${NAME} gauge`,
    ...Object.entries(successes).map(([id, time]) => `${NAME}{source="prod",instance_id="${id}"} ${time}`),
    '',
  ].join('\n');

test('keeps what only the earlier file knew, takes the new value of the rest, and forgets everything else', () => {
  const merged = withEarlierSuccesses(file({ a: 1, b: 2 }, 3), file({ b: 5, c: 6 }, 0));
  expect(merged.match(/^rdb.*$/gm)?.sort()).toEqual([
    `${NAME}{source="prod",instance_id="a"} 1`,
    `${NAME}{source="prod",instance_id="b"} 5`,
    `${NAME}{source="prod",instance_id="c"} 6`,
    'rdb_archiver_run_last_exit_code 0',
  ]);
});

test('each series stands once and below its type, whatever came before', () => {
  const successes = fc.dictionary(fc.stringMatching(/^[a-z {}]{1,8}$/), fc.nat());
  fc.assert(
    fc.property(successes, successes, (earlier, now) => {
      const merged = withEarlierSuccesses(file(earlier, 3), file(now, 0));
      const [before = '', after = ''] = merged.split(`# TYPE ${NAME} gauge`);
      const ids = [...after.matchAll(/instance_id="([^"]*)"/g)].map(([, id]) => id);
      expect(before).not.toContain('instance_id');
      expect(ids.sort()).toEqual([...new Set([...Object.keys(earlier), ...Object.keys(now)])].sort());
    }),
  );
});

test('the file is there whole, readable for another user, and nothing else is left beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'archiver-textfile-'));
  const path = join(folder, 'x.prom');
  await writeTextfile(path, file({ a: 1 }, 3));
  await writeTextfile(path, file({}, 0));
  expect(readFileSync(path, 'utf8')).toContain('instance_id="a"} 1');
  expect(statSync(path).mode & 0o444).toBe(0o444);
  expect(readdirSync(folder)).toEqual(['x.prom']);
});
