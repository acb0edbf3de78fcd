/** What the last verification found reaches a Pushgateway, a textfile and a worker's own page. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { servePushgateway } from '../support/pushgateway.ts';
import { createScenario, INSTANCE, type Scenario } from '../support/scenario.ts';

const { signal } = new AbortController();
const AT = Date.parse('2026-11-24T03:00:00Z') / 1000;
const status = { maxAgeMs: 1, daysBack: 7, includeVanished: false, manifestReads: 0, signal };

async function archived(metrics: Config['metrics'] = {}): Promise<Scenario> {
  const scenario = await createScenario();
  await scenario.run();
  const verifier = await createScenario({ config: { metrics }, s3: scenario.s3 });
  return { ...verifier, manifests: scenario.manifests };
}

test('after a verification of all archives a Pushgateway has when, how many and how much', async () => {
  const gateway = await servePushgateway();
  const { app } = await archived({ pushgateway: gateway.url });
  await app.verify({ quick: false, signal });
  const found = (await gateway.samples()).map(({ name, labels, value }) => [
    name,
    labels['result'] ?? '',
    value,
  ]);
  expect(found.toSorted()).toEqual(
    [
      ['rdb_archiver_last_verify_timestamp_seconds', '', AT],
      ['rdb_archiver_last_verify_archives', 'ok', 1],
      ['rdb_archiver_last_verify_archives', 'damaged', 0],
      ['rdb_archiver_last_verify_archives', 'unreadable', 0],
      ['rdb_archiver_last_verify_bytes', '', 4000],
    ].toSorted(),
  );
});

test('a textfile lies beside that of the runs, which stays as it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'verify-metrics-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const textfile = join(folder, 'rdb_archiver.prom');
  const scenario = await archived({ textfile });
  writeFileSync(textfile, 'of the runs');
  await scenario.app.verify({ quick: false, samplePercent: 5, signal });
  expect(readFileSync(textfile, 'utf8')).toBe('of the runs');
  expect(readFileSync(join(folder, 'rdb_archiver-verify.prom'), 'utf8')).toContain(
    'rdb_archiver_last_verify_archives{result="ok"} 1',
  );
});

test('a Pushgateway that is not there changes no result', async () => {
  const { app } = await archived({ pushgateway: 'http://127.0.0.1:9' });
  expect(await app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
});

test('a status report knows of the last verification of all archives, whoever made it', async () => {
  const scenario = await archived();
  expect(await scenario.app.status(status)).not.toHaveProperty('verified');
  await scenario.app.verify({ quick: true, signal });
  await scenario.app.verify({ instanceId: INSTANCE, quick: false, signal });
  expect(await scenario.app.status(status)).not.toHaveProperty('verified');
  scenario.s3.objects.delete(scenario.manifests().get('backup-1')?.files[0]?.key ?? '');
  await scenario.app.verify({ quick: false, signal });
  const other = await scenario.secondWorker();
  expect(await other.app.status(status)).toMatchObject({
    verified: { at: '2026-11-24T03:00:00Z', archives: 1, damaged: 1, unreadable: 0, bytesRead: 0 },
  });
});

test('a status report does without where that may not be read', async () => {
  const scenario = await archived();
  await scenario.app.verify({ quick: false, signal });
  scenario.s3.fail({
    on: 'GetObject',
    key: '_runs.json',
    effect: 'answer',
    status: 403,
    code: 'AccessDenied',
  });
  expect(await scenario.app.status(status)).not.toHaveProperty('verified');
});
