/** The dialect `tencent-v2`: API 2.0, which lists backups instance by instance and gives one file a backup. */
import type { Backup } from '../domain/backup.ts';
import { ArchiverError } from '../domain/errors.ts';
import { createApiClient } from './api-client.ts';
import { backupFiles } from './backup-files.ts';
import { type CheckupCalls, checkup } from './checkup.ts';
import { exportedByCloud } from './cluster-export.ts';
import { assemble } from './inventory.ts';
import { textOf } from './json-fields.ts';
import { listEach } from './list-each.ts';
import { v2Protocol } from './protocol-v2.ts';
import type { Source } from './source.ts';
import { endpointOf, type TencentOptions } from './tencent-options.ts';
import { v2Listing } from './tencent-v2-listing.ts';
import { v2Files, v2Reader } from './tencent-v2-rows.ts';
import { whenReady } from './when-ready.ts';

const ENDPOINT = 'https://redis.api.qcloud.com';

/** Documented for GetBackupDownloadUrl; the links themselves do not say. */
const LINK_VALIDITY_MS = 12 * 60 * 60 * 1000;

interface V2Options extends TencentOptions {
  /** May have cluster editions' backups written as RDB by ExportRedisBackup, which changes the cloud's state. */
  readonly exportClusters: boolean;
}

export function createTencentV2(options: V2Options): Source {
  const { name, region, clock } = options;
  const endpoint = endpointOf(options.endpoint ?? ENDPOINT, region);
  const client = createApiClient({ ...options, protocol: v2Protocol(endpoint, region) });
  const listing = v2Listing(client);
  const reader = v2Reader(options.utcOffsetMinutes);
  const calls: CheckupCalls = {
    instances: {
      action: 'DescribeRedis',
      list: async (ids, signal) => (await listing.firstInstances(ids, signal)).map(reader.instance),
    },
    backups: { action: 'GetRedisBackupList', ofRegion: false, list: backupsOf },
    // A cluster's backup is exported before it has a link, and that changes the cloud's state.
    links: { action: 'GetBackupDownloadUrl', harmless: ({ cluster }) => !cluster, ask: linksOf },
    ...(options.exportClusters && {
      untried: { action: 'ExportRedisBackup', untried: 'it would change something in the cloud' },
    }),
    skewMs: client.skewMs,
    host: new URL(endpoint).host,
  };
  const exporting = { client, listing, clock, allowed: options.exportClusters };

  return {
    name,
    api: 'tencent-v2',
    region,

    async inventory({ instanceIds, share, ...asking }) {
      const named = instanceIds && [...new Set(instanceIds)];
      const instances = await listing.instances(named, asking);
      // A named instance may be deleted and still have backups; without a name API 2.0 cannot be asked for those.
      const ids = named ?? instances.rows.map((row) => textOf(row['redisId'])).filter((id) => id !== '');
      const mine = share ? ids.filter(share.takes) : ids;
      const listings = await listEach(mine, (id) => listing.backups(id, asking));
      return assemble(instances, listings, reader);
    },

    probe: (signal) => listing.probe(signal),

    checkup: (request) => checkup(calls, request),

    async files(backup, instance, signal) {
      if (instance.cluster) await exportedByCloud(backup, exporting, signal);
      return linksOf(backup, signal);
    },

    async key({ id, instanceId }) {
      throw new ArchiverError('api-rejected', `API 2.0 hands out no key, so none of ${instanceId}/${id}`);
    },
  };

  async function backupsOf(instanceId: string | undefined, signal: AbortSignal): Promise<readonly Backup[]> {
    if (instanceId === undefined) return [];
    const { rows, failure } = await listing.backups(instanceId, { signal });
    if (failure !== undefined) throw failure;
    return rows.flatMap((row) => reader.backup(row, instanceId) ?? []);
  }

  async function linksOf(backup: Backup, signal: AbortSignal) {
    const { instanceId, id } = backup;
    const subject = `${instanceId}/${id}`;
    const network = await options.network(signal);
    const expiresAt = clock.now() + LINK_VALIDITY_MS;
    const ask = () =>
      client.call('GetBackupDownloadUrl', { redisId: instanceId, backupId: id }, `of ${subject}`, signal);
    return backupFiles(v2Files(await whenReady(ask, clock, signal)), { network, expiresAt, subject });
  }
}
