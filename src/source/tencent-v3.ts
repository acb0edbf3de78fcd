/** The dialect `tencent-v3`: API 3.0, which lists a whole region at once and gives one link a shard. */
import type { Backup } from '../domain/backup.ts';
import { ArchiverError } from '../domain/errors.ts';
import { createApiClient } from './api-client.ts';
import { verdictOf } from './api-errors.ts';
import { backupFiles } from './backup-files.ts';
import { type CheckupCalls, checkup } from './checkup.ts';
import { assemble, type BackupListing } from './inventory.ts';
import { listEach } from './list-each.ts';
import { v3Protocol } from './protocol-v3.ts';
import { redisEndpoint, siteOf } from './sites.ts';
import type { Source } from './source.ts';
import { endpointOf, type TencentOptions } from './tencent-options.ts';
import { v3Listing } from './tencent-v3-listing.ts';
import { v3Files, v3Key, v3Reader } from './tencent-v3-rows.ts';
import { v3Settings } from './tencent-v3-settings.ts';
import { whenReady } from './when-ready.ts';

/** Documented for DescribeBackupUrl; a link that carries `q-sign-time` says it better itself. */
const LINK_VALIDITY_MS = 6 * 60 * 60 * 1000;

/** Hands out the key of a backup, and nothing else that we need. */
const DETAIL = 'DescribeBackupDetail';

/** A page holds 100 backups, and an instance has seven: one a day for a week. */
const PAGES_AN_INSTANCE = 0.07;

export function createTencentV3(options: TencentOptions): Source {
  const { name, region, clock } = options;
  const endpoint = endpointOf(
    options.endpoint ?? redisEndpoint(siteOf(options.site ?? 'auto'), region),
    region,
  );
  const client = createApiClient({ ...options, protocol: v3Protocol(endpoint, region) });
  const listing = v3Listing(client);
  const reader = v3Reader(options.utcOffsetMinutes);
  const calls: CheckupCalls = {
    instances: {
      action: 'DescribeInstances',
      list: async (ids, signal) => (await listing.firstInstances(ids, signal)).map(reader.instance),
    },
    backups: {
      action: 'DescribeInstanceBackups',
      ofRegion: true,
      list: async (id, signal) =>
        (await listing.firstBackups(id, signal)).flatMap(
          (row) => reader.backup(row, reader.ownerId(row)) ?? [],
        ),
    },
    links: { action: 'DescribeBackupUrl', harmless: () => true, ask: linksOf },
    keys: { action: DETAIL, ask: detailOf },
    skewMs: client.skewMs,
    host: new URL(endpoint).host,
  };

  return {
    name,
    api: 'tencent-v3',
    region,

    async inventory({ instanceIds, share, ...asking }) {
      const ids = instanceIds && [...new Set(instanceIds)];
      if (share && !share.strays && !ids) {
        const instances = await listing.instances(undefined, asking);
        const mine = instances.rows.map((row) => reader.instance(row).id).filter(share.takes);
        // With many workers, asking for one's own instances takes fewer calls than paging through everybody's backups.
        if (instances.failure === undefined && mine.length < instances.rows.length * PAGES_AN_INSTANCE) {
          return assemble(instances, await listEach(mine, (id) => listing.backups(id, asking)), reader);
        }
      }
      // Backups first: an instance made in between is then in the second listing, and not taken for a vanished one.
      const listings: BackupListing[] = ids
        ? await listEach(ids, (id) => listing.backups(id, asking))
        : [{ list: await listing.backups(undefined, asking) }];
      return assemble(await listing.instances(ids, asking), listings, reader);
    },

    settings: v3Settings(client, options.network),

    probe: (signal) => listing.probe(signal),

    checkup: (request) => checkup(calls, request),

    files: (backup, _instance, signal) => linksOf(backup, signal),

    async order({ instanceId, remark, storageDays }, signal) {
      const parameters = {
        InstanceId: instanceId,
        Remark: remark,
        ...(storageDays !== undefined && { StorageDays: storageDays }),
      };
      try {
        await client.call('ManualBackupInstance', parameters, `of ${instanceId}`, signal, { once: true });
        return 'taken';
      } catch (error) {
        if (verdictOf(error) !== 'unavailable') throw error;
        return 'in-doubt';
      }
    },

    async key(backup, signal) {
      const key = v3Key(await detailOf(backup, signal));
      if (key !== undefined) return key;
      const what = `${backup.instanceId}/${backup.id}`;
      throw new ArchiverError('api-rejected', `${DETAIL} of ${what}: the answer has no DecryptKey`, {
        hint: "Look at the backup in the cloud's console: the list calls it encrypted.",
      });
    },
  };

  async function detailOf({ id, instanceId }: Backup, signal: AbortSignal) {
    const parameters = { InstanceId: instanceId, BackupId: id };
    const ask = () => client.call(DETAIL, parameters, `of ${instanceId}/${id}`, signal);
    return whenReady(ask, clock, signal);
  }

  async function linksOf({ id, instanceId }: Backup, signal: AbortSignal) {
    const subject = `${instanceId}/${id}`;
    const network = await options.network(signal);
    const expiresAt = clock.now() + LINK_VALIDITY_MS;
    const parameters = { InstanceId: instanceId, BackupId: id };
    const ask = () => client.call('DescribeBackupUrl', parameters, `of ${subject}`, signal);
    return backupFiles(v3Files(await whenReady(ask, clock, signal)), { network, expiresAt, subject });
  }
}
