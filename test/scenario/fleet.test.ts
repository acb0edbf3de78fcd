/** What a run over a large fleet costs: calls are counted, not timed. */
import { describe, expect, it } from 'vitest';
import { archiveLayout } from '../../src/domain/archive-key.ts';
import { toInstant } from '../../src/domain/instant.ts';
import { fleetWorld } from '../../src/sandbox/worlds.ts';
import { createScenario } from '../support/scenario.ts';

const INSTANCES = 1000;
const BACKUPS_EACH = 7;

describe('a run over 1,000 instances and 7,000 backups that are all archived', () => {
  it('takes at most 80 calls of the API and about 8 pages of the catalog, and no request a backup, with ten years of older archives too', async () => {
    const scenario = await createScenario({ world: () => {} });
    const { world } = scenario.cloud;
    const fleet = fleetWorld(scenario.clock, { instances: INSTANCES, backupsEach: BACKUPS_EACH });
    const layout = archiveLayout('redis');
    const manifest = { size: 2, etag: '"x"', contentType: 'application/json', chunks: [Buffer.from('{}')] };
    const archive = (instanceId: string, backupId: string, startedAt: number) =>
      scenario.s3.objects.set(
        layout.manifestKey({ source: 'ap-guangzhou', instanceId, backupId, startedAt: toInstant(startedAt) }),
        manifest,
      );
    for (const instance of fleet.instances('ap-guangzhou')) world.addInstance(instance);
    for (const { id, instanceId, startedAt, files } of fleet.backups('ap-guangzhou')) {
      world.addBackup(instanceId, { id, startedAt, files });
      archive(instanceId, id, startedAt);
      for (let year = 1; year <= 10; year += 1) {
        if (instanceId === 'crs-00000000')
          archive(instanceId, `${id}-${year}`, startedAt - year * 365 * 86_400_000);
      }
    }

    const run = await scenario.run();
    expect(run.summary).toMatchObject({
      considered: INSTANCES * BACKUPS_EACH,
      archived: 0,
      failed: 0,
      exitCode: 0,
    });
    expect(run.summary.skippedBy).toEqual({ 'already-archived': INSTANCES * BACKUPS_EACH });
    expect(scenario.cloud.requests.length).toBeLessThanOrEqual(80);
    const { s3 } = scenario;
    // One page for the probe, one a day of up to 1,000 manifests.
    expect(s3.counts.get('ListObjectsV2')).toBeLessThanOrEqual(1 + BACKUPS_EACH);
    // And one for what was seen of the store, one for what killed runs may have left.
    expect(s3.requests).toHaveLength((s3.counts.get('ListObjectsV2') ?? 0) + 2);
  });
});
