/** How often what is tried again: enough to outlast what passes, and bounded where it does not. */
import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../support/builders.ts';
import { call, download } from '../support/cloud.ts';
import { internalError } from '../support/cloud-api-faults.ts';
import {
  cutAfter,
  cutAt,
  cutBeforeAnswer,
  expired,
  expireLinkAt,
  weakEtag,
} from '../support/cloud-download-faults.ts';
import { addBackup, createScenario, INSTANCE, MiB, only } from '../support/scenario.ts';

const SIZE = 6 * MiB;
const large = (count = 1) =>
  createScenario({
    config: { attempts: 3, concurrency: 1 },
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      for (let index = 1; index <= count; index += 1)
        addBackup(world, clock, { id: `backup-${index}`, size: SIZE, hoursAgo: 9 - index });
    },
  });

describe('a download that never makes progress', () => {
  it('is tried as often as configured, and the backup once more', async () => {
    const scenario = await large();
    scenario.cloud.fault(download(), cutBeforeAnswer());
    expect(only(await scenario.run())).toMatchObject({ reason: 'download-failed', attempts: 2 });
    expect(scenario.cloud.downloads()).toHaveLength(2 * 3);
  });

  it('because its host knows no strong ETag and cuts it at the same byte is tried as often', async () => {
    const scenario = await large();
    scenario.cloud.fault(download(), weakEtag());
    scenario.cloud.fault(download(), cutAt(SIZE / 2));
    expect(only(await scenario.run())).toMatchObject({ reason: 'download-failed', attempts: 2 });
    expect(scenario.cloud.downloads()).toHaveLength(2 * 3);
  });

  it('because all links are expired asks for a bounded number of new ones', async () => {
    const scenario = await large();
    scenario.cloud.fault(download(), expired());
    expect(only(await scenario.run())).toMatchObject({
      reason: 'link-refused',
      attempts: 1,
      linkRenewals: 3,
    });
    expect(scenario.cloud.calls('DescribeBackupUrl')).toBe(4);
  });
});

describe('a download that makes progress each time', () => {
  it('survives any number of breaks', async () => {
    const scenario = await large();
    scenario.cloud.fault(download(), cutAfter(MiB / 2));
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', attempts: 1, resumes: 11 });
  });
});

describe('an API that is down while a link has to be renewed', () => {
  it('costs no byte that has come already', async () => {
    const scenario = await large();
    scenario.cloud.fault(download(), expireLinkAt(2 * MiB));
    // Eight answers: more than one call's own patience.
    scenario.cloud.fault(call('DescribeBackupUrl'), internalError(), { after: 1, times: 8 });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived', attempts: 1, resumes: 1 });
    expect(scenario.cloud.downloads().at(-1)?.received.headers['range']).toBe(`bytes=${2 * MiB}-`);
  });
});

describe('a link', () => {
  it('that was asked for while its shard waited for a free slot is asked for anew', async () => {
    const scenario = await createScenario({
      config: { concurrency: 1, runDeadlineMs: 48 * HOUR_MS },
      world(world, clock) {
        world.addInstance({ id: INSTANCE, shards: 3 });
        addBackup(world, clock, { id: 'backup-1', files: 3 });
      },
    });
    scenario.cloud.fault(download(), async (exchange, answer) => {
      const reply = await answer(exchange);
      scenario.clock.advance(7 * HOUR_MS);
      return reply;
    });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', linkRenewals: 0 });
    expect(scenario.cloud.calls('DescribeBackupUrl')).toBe(3);
  });
});
