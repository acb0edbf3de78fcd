/** The whole application with receivers: a cloud that fails and recovers, and who is told of it. */
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { fixed } from '../../src/domain/current.ts';
import type { Notification } from '../../src/domain/notification.ts';
import { Secret } from '../../src/domain/secret.ts';
import { DAY_MS } from '../support/builders.ts';
import { download } from '../support/cloud.ts';
import { restrictedNetwork } from '../support/cloud-download-faults.ts';
import { addEncrypted, encryptedWorld, newHolder } from '../support/encrypted.ts';
import { ADDRESS_SECRET, heartbeatReceiver, jsonReceiver } from '../support/receivers.ts';
import { addBackup, createScenario, INSTANCE, MiB, type ScenarioOptions } from '../support/scenario.ts';
import { crawling } from '../support/slow-servers.ts';

async function watched(options: ScenarioOptions = {}) {
  const [receiver, heartbeat] = [await jsonReceiver(), await heartbeatReceiver()];
  const config: Partial<Config> = {
    notify: [
      {
        name: 'ops',
        preset: 'json',
        secrets: fixed({ url: new Secret(receiver.url) }),
        events: ['failure', 'recovery', 'risk', 'warning'],
        intervalMs: 6 * 3_600_000,
        method: 'POST',
        headers: {},
      },
    ],
    heartbeat: fixed(new Secret(heartbeat.url)),
  };
  const scenario = await createScenario({ ...options, config: { ...config, ...options.config } });
  const told = () => receiver.shown.map((body) => JSON.parse(body) as Notification);
  return { receiver, heartbeat, scenario, told };
}

describe('the receivers of the application', () => {
  test('hear of a failure and of the recovery, from one pod and from the next', async () => {
    const { scenario, heartbeat, told } = await watched();
    const fault = scenario.cloud.fault(download(), restrictedNetwork());
    const first = await scenario.run();
    expect(first.summary.exitCode).toBe(3);
    const next = await scenario.secondWorker();
    await next.run();
    fault.remove();
    const last = await (await scenario.secondWorker()).run();
    expect(last.summary).toMatchObject({ archived: 1, exitCode: 0 });

    expect(told().map(({ kind }) => kind)).toEqual(['failure', 'recovery']);
    expect(told()[0]).toMatchObject({
      destination: expect.stringMatching(/^s3:/),
      run: { exitCode: 3, failed: 1 },
      items: [{ subject: 'backup', instanceId: 'crs-orders01', backupId: 'backup-1' }],
    });
    expect(heartbeat.shown).toEqual(['/start', '/fail', '/start', '/fail', '/start', '(success)']);
    expect(scenario.keys().filter((key) => key.includes('/state/'))).toEqual([
      'redis/state/notify/0-of-1.json',
    ]);
  });

  test('that are dead change neither outcome nor exit status, and no secret of theirs is told', async () => {
    const { scenario, receiver, heartbeat } = await watched();
    receiver.fail('reset');
    heartbeat.fail({ status: 500, body: '' });
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, exitCode: 0 });
    expect(run.events.at(-1)?.type).toBe('run.summary');
    expect(run.of('notify.failed').length).toBeGreaterThan(0);
    expect(JSON.stringify(run.events)).not.toContain(ADDRESS_SECRET);
  });

  test('are left alone by an archive by hand: it must not speak for the schedule', async () => {
    const { scenario, receiver, heartbeat } = await watched();
    await scenario.archive('crs-orders01');
    await scenario.archive('crs-nowhere');
    expect([...receiver.asked, ...heartbeat.asked]).toEqual([]);
  });

  test('hear at once, while the run goes on, of a transfer that will not be there in time, and once', async () => {
    const { scenario, told } = await watched({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'backup-1', size: MiB, hoursAgo: 7 * 24 - 5 });
      },
    });
    const begin = scenario.clock.now();
    // It gets on as soon as they have heard of it.
    const over = () => told().length > 0;
    scenario.cloud.fault(download(), crawling(scenario, { bytes: 8, seconds: 8, over }));
    expect((await scenario.run()).summary).toMatchObject({ archived: 1, exitCode: 0 });
    expect(
      told().map(({ kind, title, run }) => ({ kind, title, ...(run && { run: run.exitCode }) })),
    ).toEqual([
      { kind: 'risk', title: expect.stringContaining('1 backup lost or about to be') },
      { kind: 'recovery', title: expect.stringContaining('recovered'), run: 0 },
    ]);
    expect(told()[0]?.title).toContain('(the run goes on)');
    expect(told()[0]?.items).toMatchObject([
      {
        reason: 'late',
        backupId: 'backup-1',
        urgent: true,
        deadline: new Date(begin + 5 * 3_600_000).toISOString().replace('.000', ''),
      },
    ]);
  });

  test('are warned once a week of an instance whose archives only the cloud can open, and of no failure', async () => {
    const { scenario, told } = await watched({ world: encryptedWorld() });
    expect((await scenario.run()).summary.exitCode).toBe(0);
    for (const day of [1, 2, 8]) {
      scenario.clock.advance(DAY_MS * (day === 8 ? 6 : 1));
      addEncrypted(scenario.cloud.world, scenario.clock, { id: `day-${day}` });
      const worker = await scenario.secondWorker();
      expect((await worker.run()).summary).toMatchObject({ archived: 1, exitCode: 0 });
    }
    expect(told().map(({ kind }) => kind)).toEqual(['warning', 'warning']);
    expect(told()[0]).toMatchObject({
      title: 'rdb-archiver: archived, but 1 instance cannot be restored without the cloud',
      items: [
        {
          reason: 'key-not-kept',
          instanceId: INSTANCE,
          hint: expect.stringContaining('encryptedBackups: seal'),
        },
      ],
    });
  });

  test('are warned of an instance whose archives do not open by their key', async () => {
    const { sealing } = await newHolder();
    const world = encryptedWorld({ key: 'x'.repeat(32) });
    const { scenario, told } = await watched({ world, config: sealing });
    expect((await scenario.run()).summary.exitCode).toBe(0);
    expect(told()).toMatchObject([
      { kind: 'warning', items: [{ reason: 'not-opened', instanceId: INSTANCE }] },
    ]);
  });
});
