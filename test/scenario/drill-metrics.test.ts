/** What is known of the drills reaches a Pushgateway, a textfile and the worker's own page, and says nothing of sources that nobody drilled. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import type { DrillSummary } from '../../src/domain/drill.ts';
import { directAgents } from '../../src/network/agents.ts';
import { deliverDrills } from '../../src/report/metrics/drill-delivery.ts';
import { createExchange } from '../../src/report/notify/exchange.ts';
import type { ArchiverEvent } from '../../src/report/observer.ts';
import { systemClock } from '../../src/system-clock.ts';
import { dumpBytes, openDrillground } from '../support/drill.ts';
import { describeWith } from '../support/needs.ts';
import { servePushgateway } from '../support/pushgateway.ts';
import { createScenario, INSTANCE } from '../support/scenario.ts';

const summaries: readonly DrillSummary[] = [
  {
    source: 'gz',
    lastDrilledAt: '2026-11-24T03:00:00Z',
    lastPassedAt: '2026-11-23T03:00:00Z',
    failing: [{ instanceId: 'crs-a', backupId: '1', at: '2026-11-24T03:00:00Z' }],
  },
  { source: 'never well', lastDrilledAt: '2026-11-24T03:00:00Z', failing: [] },
];
const seconds = (time: string): number => Date.parse(time) / 1000;

async function deliver(settings: Config['metrics'], found = summaries): Promise<ArchiverEvent[]> {
  const agents = directAgents(systemClock);
  onTestFinished(() => agents.destroy());
  const events: ArchiverEvent[] = [];
  const observer = (event: ArchiverEvent) => void events.push(event);
  const exchange = createExchange(agents, systemClock);
  const signal = new AbortController().signal;
  await deliverDrills(found, { settings, exchange, clock: systemClock, observer }, signal);
  return events;
}

test('each source is pushed to a group of its own', async () => {
  const gateway = await servePushgateway();
  expect(await deliver({ pushgateway: gateway.url })).toEqual([]);
  const found = (await gateway.samples()).map(({ name, labels, value }) => [name, labels['source'], value]);
  expect(found.toSorted()).toEqual(
    [
      ['rdb_archiver_last_drill_timestamp_seconds', 'gz', seconds('2026-11-24T03:00:00Z')],
      ['rdb_archiver_last_successful_drill_timestamp_seconds', 'gz', seconds('2026-11-23T03:00:00Z')],
      ['rdb_archiver_archives_failing_drill', 'gz', 1],
      ['rdb_archiver_last_drill_timestamp_seconds', 'never well', seconds('2026-11-24T03:00:00Z')],
      ['rdb_archiver_archives_failing_drill', 'never well', 0],
    ].toSorted(),
  );
});

test('a textfile lies beside that of the runs, which stays as it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'drill-metrics-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const textfile = join(folder, 'rdb_archiver.prom');
  writeFileSync(textfile, 'of the runs');
  expect(await deliver({ textfile })).toEqual([]);
  expect(readFileSync(textfile, 'utf8')).toBe('of the runs');
  expect(readFileSync(join(folder, 'rdb_archiver-drill.prom'), 'utf8')).toContain(
    'rdb_archiver_archives_failing_drill{source="gz"} 1',
  );
});

test('a Pushgateway that is not there is told of, and is no reason to fail', async () => {
  expect(await deliver({ pushgateway: 'http://127.0.0.1:9' })).toMatchObject([
    { type: 'warning', message: expect.stringMatching(/^the metrics of this drill were not pushed: /) },
  ]);
});

describeWith(['redis-server'], 'a status report', () => {
  test('knows of the drills that some other process made', async () => {
    const scenario = await createScenario();
    await scenario.run();
    const signal = new AbortController().signal;
    const request = { maxAgeMs: 1, daysBack: 7, includeVanished: false, manifestReads: 0, signal };
    expect(await scenario.app.status(request)).toMatchObject({ drills: [] });
    // A synthetic dump is none that a server takes; that it was tried is what counts here.
    const other = await scenario.secondWorker();
    const { items, exitCode } = await other.app.drill({ instanceId: INSTANCE, signal });
    expect({ exitCode, items }).toMatchObject({ items: [{ instanceId: INSTANCE }] });
    const { drills } = await scenario.app.status(request);
    expect(drills).toMatchObject([{ source: 'ap-guangzhou', lastDrilledAt: items[0]?.at }]);
  });

  test('is read from the same place as the drills write to', async () => {
    const ground = openDrillground();
    await ground.archive([dumpBytes('empty.rdb')]);
    const drilled = await ground.drill();
    expect(await ground.records.summary('ap-guangzhou', { signal: new AbortController().signal })).toEqual(
      drilled.summaries[0],
    );
  });
});
