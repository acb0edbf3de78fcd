/** API 2.0 through the port, against the stand-in cloud on a real socket: what is listed, where its file is, and exports. */
import { describe, expect, test } from 'vitest';
import type { Backup } from '../../src/domain/backup.ts';
import type { Instance } from '../../src/domain/instance.ts';
import { jsonReply } from '../../src/sandbox/exchange.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import type { BackupStatus } from '../../src/sandbox/world.ts';
import { createTencentV2 } from '../../src/source/tencent-v2.ts';
import { call } from '../support/cloud.ts';
import * as faults from '../support/cloud-api-faults.ts';
import { cloudOf, NOON, never, rejection } from './setup.ts';

const HOUR = 60 * 60 * 1000;
const LINKS = call('GetBackupDownloadUrl');
const EXPORT = call('ExportRedisBackup');
const files = [{ name: 'dump.rdb', dump: syntheticDump({ size: 300, seed: 7 }) }];

interface Options {
  readonly cluster?: boolean;
  readonly status?: BackupStatus;
  readonly exportClusters?: boolean;
  /** How long the cloud takes to export, in milliseconds. */
  readonly exportMs?: number;
}

/** A region with one instance and one backup. */
async function region({
  cluster = false,
  status = 2,
  exportClusters = false,
  exportMs = 60_000,
}: Options = {}) {
  const setup = await cloudOf(
    (world) => {
      world.addInstance({ id: 'crs-a', name: 'orders', cluster });
      world.addBackup('crs-a', {
        id: 'b1',
        startedAt: NOON - HOUR,
        status,
        files,
        type: '0',
        remark: 'mine',
      });
    },
    { exportMs },
  );
  const source = createTencentV2({ ...setup.options, exportClusters });
  const list = (instanceIds?: readonly string[]) =>
    source.inventory({ signal: never, ...(instanceIds && { instanceIds }) });
  const filesOf = async (signal = never) => {
    const { backups, instances } = await list();
    return source.files(backups[0] as Backup, instances[0] as Instance, signal);
  };
  return { ...setup, source, list, filesOf };
}

describe('the inventory', () => {
  test('has instances and backups, from numbers that are strings', async () => {
    const { list } = await region({ cluster: true });
    expect(await list()).toEqual({
      instances: [
        {
          id: 'crs-a',
          name: 'orders',
          engine: 'Redis',
          version: null,
          cluster: true,
          shards: 1,
          tags: {},
          vanished: false,
        },
      ],
      backups: [
        {
          id: 'b1',
          instanceId: 'crs-a',
          state: 'available',
          type: 'manualBackupInstance',
          startedAt: '2026-11-24T03:00:00Z',
          remark: 'mine',
          encrypted: false,
        },
      ],
      failures: [],
    });
  });

  test('has every instance and backup of more than one page', async () => {
    const { list, world } = await region();
    for (let n = 0; n < 150; n++) world.addInstance({ id: `crs-${n}` });
    for (let n = 0; n < 150; n++) world.addBackup('crs-7', { startedAt: NOON - HOUR });
    const { instances, backups, failures } = await list();
    expect([instances.length, backups.length, failures]).toEqual([151, 151, []]);
  });

  test('has the others when one instance cannot be listed', async () => {
    const { list, world, cloud } = await region();
    world.addInstance({ id: 'crs-b' });
    cloud.fault(call('GetRedisBackupList', { instanceId: 'crs-b' }), faults.denied());
    const { instances, backups, failures } = await list();
    expect(instances).toHaveLength(2);
    expect(backups).toMatchObject([{ id: 'b1' }]);
    expect(failures).toMatchObject([{ instanceId: 'crs-b', error: { code: 'permission' } }]);
  });

  test('does not ask a dead API a thousand times over, and says of every instance that it was not listed', async () => {
    const { list, world, cloud } = await region();
    for (let n = 0; n < 200; n++) world.addInstance({ id: `crs-${n}` });
    cloud.fault(call('GetRedisBackupList'), faults.notJson(502));
    const { instances, failures } = await list();
    expect(instances).toHaveLength(201);
    expect(new Set(failures.map(({ instanceId }) => instanceId)).size).toBe(201);
    expect(cloud.calls('GetRedisBackupList')).toBeLessThan(200);
  });

  test('has the others when many instances fail for reasons of their own', async () => {
    const { list, world, cloud } = await region();
    for (let n = 0; n < 30; n++) world.addInstance({ id: `crs-${n}` });
    cloud.fault((exchange) => /^crs-\d+$/.test(exchange.instanceId ?? ''), faults.denied());
    const { backups, failures } = await list();
    expect(backups).toMatchObject([{ id: 'b1' }]);
    expect(failures).toHaveLength(30);
  });

  test('of named instances leaves out an id that is not there', async () => {
    const { list, world } = await region();
    world.addInstance({ id: 'crs-b' });
    const { instances, backups, failures } = await list(['crs-a', 'crs-never']);
    expect(instances).toMatchObject([{ id: 'crs-a' }]);
    expect(backups).toHaveLength(1);
    expect(failures).toEqual([]);
  });

  test('says so when an instance that is listed has no backups to list any more', async () => {
    const { list, cloud } = await region();
    cloud.fault(call('GetRedisBackupList'), faults.refused('', 10701));
    expect((await list()).failures).toMatchObject([{ instanceId: 'crs-a' }]);
  });

  test('is a failure of the source when the instances cannot be listed', async () => {
    const { list, cloud } = await region();
    cloud.fault(call('DescribeRedis'), faults.refused('', 6100));
    const { instances, failures } = await list();
    expect(instances).toEqual([]);
    expect(failures).toMatchObject([{ error: { code: 'api-rejected' } }]);
    expect(failures[0]?.error.hint).toContain('tencent-v3');
    expect(failures[0]).not.toHaveProperty('instanceId');
  });

  test.each([
    ['throttled', faults.throttled()],
    ['told of a replay', faults.refused('', 4500)],
    ["given a gateway's page", faults.notJson()],
  ])('is had after being %s', async (_what, fault) => {
    const { list, cloud } = await region();
    cloud.fault(() => true, fault, { times: 2 });
    expect(await list()).toMatchObject({ backups: [{ id: 'b1' }], failures: [] });
  });

  test('is had although the clock is off and the cloud takes that for a replay', async () => {
    const { list, cloud } = await region();
    cloud.skew(HOUR);
    cloud.fault(
      () => true,
      async (exchange, answer) => {
        const stale = Number(exchange.parameters['Timestamp']) * 1000 < NOON + HOUR - 300_000;
        const reply = await (stale ? faults.refused('', 4500)(exchange, answer) : answer(exchange));
        return { ...reply, headers: { ...reply.headers, date: new Date(NOON + HOUR).toUTCString() } };
      },
    );
    expect(await list()).toMatchObject({ backups: [{ id: 'b1' }], failures: [] });
  });

  test('never sends a nonce twice, however many sources there are', async () => {
    const { list, cloud } = await region();
    await Promise.all([list(), list(), list()]);
    const nonces = cloud.requests.map(({ parameters }) => parameters['Nonce']);
    expect(new Set(nonces).size).toBe(nonces.length);
  });
});

describe('the file of a backup', () => {
  test('is one, called dump.rdb, with a link for twelve hours that is passed on byte for byte', async () => {
    const { filesOf, clock, cloud } = await region();
    const [file, ...others] = await filesOf();
    expect(others).toEqual([]);
    expect(file?.name).toBe('dump.rdb');
    expect(file?.link.expiresAt).toBeGreaterThan(clock.time + 11.9 * HOUR);
    expect(file?.link.expiresAt).toBeLessThanOrEqual(clock.time + 12 * HOUR);
    const blob = file?.link.reveal().replace(/^[^?]*\?/, '');
    expect(blob).toMatch(/\/.*==$/);
    expect(blob).toContain('+');
    expect((await fetch(file?.link.reveal() ?? '')).status).toBe(200);
    expect(cloud.downloads()[0]?.network).toBe('extranet');
  });

  test('never comes from the private address outside the intranet, not even when there is no other', async () => {
    const { filesOf, cloud } = await region();
    cloud.fault(
      LINKS,
      faults.changeJson((answer) => Object.assign(answer['data'] as object, { extranet: '' })),
    );
    expect(await rejection(filesOf())).toMatchObject({ code: 'link-refused' });
  });

  test('comes from the public address inside the intranet, when there is no private one', async () => {
    const { source, options, list, cloud } = await region();
    const inside = createTencentV2({ ...options, exportClusters: false, network: async () => 'intranet' });
    cloud.fault(
      LINKS,
      faults.changeJson((answer) => Object.assign(answer['data'] as object, { intranet: null })),
    );
    const { backups, instances } = await list();
    const links = await Promise.all(
      [source, inside].map((one) => one.files(backups[0] as Backup, instances[0] as Instance, never)),
    );
    expect(links.flat()).toHaveLength(2);
  });

  test.each<[string, number]>([
    ['backup-gone', 11213],
    ['not-ready', 10711],
    ['permission', 4102],
    ['credentials', 4100],
  ])('is refused with %s', async (code, answer) => {
    const { filesOf, cloud } = await region();
    cloud.fault(LINKS, faults.refused('', answer));
    expect(await rejection(filesOf())).toMatchObject({ code });
  });
});

describe("a cluster edition's backup", () => {
  test('is not exported unless that is allowed', async () => {
    const { filesOf, cloud } = await region({ cluster: true });
    expect(await rejection(filesOf())).toMatchObject({ code: 'export-required' });
    expect(cloud.calls('ExportRedisBackup')).toBe(0);
    expect(cloud.calls('GetBackupDownloadUrl')).toBe(0);
  });

  test('that was exported before is had without asking for an export', async () => {
    const { filesOf, cloud } = await region({ cluster: true, status: 4 });
    expect(await filesOf()).toHaveLength(1);
    expect(cloud.calls('ExportRedisBackup')).toBe(0);
  });

  test('is exported once and had when that is done', async () => {
    const { filesOf, cloud } = await region({ cluster: true, exportClusters: true });
    expect(await filesOf()).toHaveLength(1);
    expect(cloud.calls('ExportRedisBackup')).toBe(1);
  });

  test('that another run is exporting is waited for', async () => {
    const { filesOf, cloud, world } = await region({ cluster: true, exportClusters: true });
    world.exportBackup('crs-a', 'b1', 60_000);
    expect(await filesOf()).toHaveLength(1);
    expect(cloud.calls('ExportRedisBackup')).toBe(0);
  });

  test('is exported once although the answer to that was lost', async () => {
    const { filesOf, cloud } = await region({ cluster: true, exportClusters: true });
    cloud.fault(
      EXPORT,
      async (exchange, answer) => {
        await answer(exchange);
        throw new Error('cut');
      },
      { times: 1 },
    );
    expect(await filesOf()).toHaveLength(1);
    expect(cloud.calls('ExportRedisBackup')).toBe(2);
  });

  test('is asked for once although the cloud is slow to begin', async () => {
    const { filesOf, cloud } = await region({ cluster: true, exportClusters: true });
    cloud.fault(EXPORT, async () => jsonReply({ code: 0, message: '', data: { requestId: 1 } }));
    expect(await rejection(filesOf())).toMatchObject({ code: 'not-ready' });
    expect(cloud.calls('ExportRedisBackup')).toBe(1);
    expect(cloud.calls('GetRedisBackupList')).toBeGreaterThan(100);
  });

  test('that takes longer than half an hour is for the next run', async () => {
    const { filesOf } = await region({ cluster: true, exportClusters: true, exportMs: 24 * HOUR });
    expect(await rejection(filesOf())).toMatchObject({ code: 'not-ready' });
  });

  test('that needs no export after all is had straight away', async () => {
    const { filesOf, cloud } = await region({ cluster: true, exportClusters: true });
    cloud.fault(EXPORT, faults.refused('', 11214));
    cloud.fault(LINKS, async (exchange) =>
      faults.refused('', 11213)(exchange, async () => {
        throw new Error('not asked');
      }),
    );
    // The cloud is asked for the link without waiting for a status that would never come.
    expect(await rejection(filesOf())).toMatchObject({ code: 'backup-gone' });
    expect(cloud.calls('GetBackupDownloadUrl')).toBe(1);
  });

  test('that is deleted meanwhile is gone', async () => {
    const { source, list, world } = await region({ cluster: true, exportClusters: true });
    const { backups, instances } = await list();
    world.changeBackup('crs-a', 'b1', { status: -2 });
    const asked = source.files(backups[0] as Backup, instances[0] as Instance, never);
    expect(await rejection(asked)).toMatchObject({ code: 'backup-gone' });
  });
});
