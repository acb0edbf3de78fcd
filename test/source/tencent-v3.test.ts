/** API 3.0 through the port, against the stand-in cloud on a real socket: what is listed, and where its files are. */
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Backup } from '../../src/domain/backup.ts';
import type { Instance } from '../../src/domain/instance.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { fleetWorld } from '../../src/sandbox/worlds.ts';
import { createTencentV3 } from '../../src/source/tencent-v3.ts';
import { call, createCloud, type Fault } from '../support/cloud.ts';
import * as faults from '../support/cloud-api-faults.ts';
import { cloudOf, fixedKeys, jumpingClock, keysOf, NOON, never, optionsFor, rejection } from './setup.ts';

const HOUR = 60 * 60 * 1000;
const BACKUPS = call('DescribeInstanceBackups');
const INSTANCES = call('DescribeInstances');
const LINKS = call('DescribeBackupUrl');
const dump = syntheticDump({ size: 300, seed: 7 });
const file = (name: string, announcedSize?: number) => ({
  name,
  dump,
  ...(announcedSize !== undefined && { announcedSize }),
});

/** A region with one instance and one good backup of three files, and whatever else is built. */
async function region(build: (world: Awaited<ReturnType<typeof cloudOf>>['world']) => void = () => {}) {
  const setup = await cloudOf((world) => {
    world.addInstance({ id: 'crs-a', name: 'orders', cluster: true, shards: 3, tags: { env: 'prod' } });
    const files = [file('shard-10.rdb'), file('shard-2.rdb', 0), file('shard-1.rdb')];
    world.addBackup('crs-a', { id: 'good', startedAt: NOON - HOUR, endedAt: NOON - HOUR / 2, files });
    build(world);
  });
  const source = createTencentV3(setup.options);
  const list = (instanceIds?: readonly string[]) =>
    source.inventory({ signal: never, ...(instanceIds && { instanceIds }) });
  const files = async (id = 'good', signal = never) => {
    const { backups, instances } = await list();
    const backup = backups.find((one) => one.id === id) as Backup;
    return source.files(backup, instances.find((one) => one.id === backup.instanceId) as Instance, signal);
  };
  return { ...setup, source, list, files };
}

function idsOf(rows: readonly { readonly id: string }[]): string[] {
  return rows.map(({ id }) => id).sort();
}

describe('the inventory', () => {
  test('has instances and backups with everything that the cloud says of them', async () => {
    const { list } = await region((world) => {
      world.changeBackup('crs-a', 'good', { remark: 'before upgrade', encrypted: true, type: '0' });
    });
    expect(await list()).toEqual({
      instances: [
        {
          id: 'crs-a',
          name: 'orders',
          engine: 'Redis',
          version: '7.0',
          product: 'general II',
          cluster: true,
          shards: 3,
          tags: { env: 'prod' },
          vanished: false,
        },
      ],
      backups: [
        {
          id: 'good',
          instanceId: 'crs-a',
          state: 'available',
          type: '0',
          startedAt: '2026-11-24T03:00:00Z',
          endedAt: '2026-11-24T03:30:00Z',
          expiresAt: '2026-12-01T03:00:00Z',
          remark: 'before upgrade',
          encrypted: true,
        },
      ],
      failures: [],
    });
  });

  test('tells what can be had from what cannot yet and what cannot any more', async () => {
    const { list } = await region((world) => {
      for (const status of [1, 2, 3, 4, -1] as const) {
        world.addBackup('crs-a', { id: `status ${status}`, startedAt: NOON - HOUR, status });
      }
      world.addBackup('crs-a', { id: 'locked', startedAt: NOON - HOUR, locked: true });
    });
    const { backups } = await list();
    expect(Object.fromEntries(backups.map(({ id, state }) => [id, state]))).toEqual({
      good: 'available',
      'status 1': 'not-ready',
      'status 2': 'available',
      'status 3': 'not-ready',
      'status 4': 'available',
      'status -1': 'expired',
      locked: 'not-ready',
    });
  });

  test('of a whole region is one paged call, not one for each instance', async () => {
    const { list, cloud } = await region((world) => {
      for (let n = 0; n < 300; n++) {
        world.addInstance({ id: `crs-${n}` });
        world.addBackup(`crs-${n}`, { startedAt: NOON - HOUR });
      }
    });
    const { instances, backups } = await list();
    expect(instances).toHaveLength(301);
    expect(backups).toHaveLength(301);
    expect(cloud.requests.length).toBeLessThanOrEqual(6);
  });

  test('of 1,000 instances and 7,000 backups costs at most 80 calls', async () => {
    const clock = jumpingClock();
    const cloud = await createCloud({ world: fleetWorld(clock, { instances: 1000, backupsEach: 7 }), clock });
    onTestFinished(() => cloud.close());
    const keys = fixedKeys(keysOf({ ...cloud.credentials }));
    const source = createTencentV3(optionsFor(cloud.url, keys, clock));
    // A backup of the seventh day is about to expire: the list moves if the clock runs on, so it stands.
    clock.sleep = async () => {};
    const { instances, backups, failures } = await source.inventory({ signal: never });
    expect([instances.length, backups.length, failures]).toEqual([1000, 7000, []]);
    expect(cloud.requests.length).toBeLessThanOrEqual(80);
  });

  test('keeps a deleted instance through its backups, the most precious ones', async () => {
    const { list } = await region((world) => world.removeInstance('crs-a'));
    const { instances, backups } = await list();
    expect(instances).toMatchObject([
      { id: 'crs-a', name: 'orders', engine: 'Redis', version: '7.0', cluster: true, vanished: true },
    ]);
    expect(idsOf(backups)).toEqual(['good']);
  });

  test('calls no instance vanished when their listing broke off', async () => {
    const { list, cloud } = await region();
    cloud.fault(INSTANCES, faults.denied());
    const { instances, backups, failures } = await list();
    expect(instances).toMatchObject([{ id: 'crs-a', vanished: false }]);
    expect(backups).toHaveLength(1);
    expect(failures).toMatchObject([{ error: { code: 'permission' } }]);
  });

  test('of named instances asks for nothing else, and leaves out an id that is not there', async () => {
    const { list, cloud } = await region((world) => {
      world.addInstance({ id: 'crs-b' });
      world.addInstance({ id: 'crs-gone' });
      world.addBackup('crs-gone', { id: 'last', startedAt: NOON - HOUR });
      world.removeInstance('crs-gone');
    });
    const { instances, backups, failures } = await list(['crs-a', 'crs-gone', 'crs-never', 'crs-a']);
    expect(idsOf(instances)).toEqual(['crs-a', 'crs-gone']);
    expect(idsOf(backups)).toEqual(['good', 'last']);
    expect(failures).toEqual([]);
    expect(cloud.calls('DescribeInstanceBackups')).toBe(3);
  });

  test('of named instances survives a server that refuses them all for one that is not there', async () => {
    const { list, cloud } = await region((world) => world.addInstance({ id: 'crs-b' }));
    cloud.fault(
      (exchange) => {
        const ids = exchange.parameters['InstanceIds'];
        return INSTANCES(exchange) && Array.isArray(ids) && ids.includes('crs-never');
      },
      faults.refused('ResourceNotFound.InstanceNotExists', 10701),
    );
    const { instances, failures } = await list(['crs-a', 'crs-never', 'crs-b']);
    expect(idsOf(instances)).toEqual(['crs-a', 'crs-b']);
    expect(failures).toEqual([]);
  });

  test('tells which named instance could not be listed', async () => {
    const { list, cloud } = await region((world) => world.addInstance({ id: 'crs-b' }));
    cloud.fault(call('DescribeInstanceBackups', { instanceId: 'crs-b' }), faults.denied());
    const { backups, failures } = await list(['crs-a', 'crs-b']);
    expect(idsOf(backups)).toEqual(['good']);
    expect(failures).toMatchObject([{ instanceId: 'crs-b', error: { code: 'permission' } }]);
  });

  test('asks for each status by itself where the list of them is refused', async () => {
    const { list, cloud } = await region((world) => {
      world.addBackup('crs-a', { id: 'young', startedAt: NOON, status: 1 });
      world.addBackup('crs-a', { id: 'exported', startedAt: NOON, status: 4 });
    });
    cloud.fault(BACKUPS, faults.statusListRefused());
    const { backups, failures } = await list();
    expect(idsOf(backups)).toEqual(['exported', 'good', 'young']);
    expect(failures).toEqual([]);
    await list();
    expect(cloud.calls('DescribeInstanceBackups'), 'the refused list is not asked for again').toBe(1 + 5 + 5);
  });

  const refusing = (...refused: number[]): Fault => {
    return (exchange, answer) => {
      const asked = exchange.parameters['Status'] as number[];
      const hit = asked.some((status) => refused.includes(status));
      return hit ? faults.refused('InvalidParameterValue.Status', 11201)(exchange, answer) : answer(exchange);
    };
  };

  test('does without a status that is refused alone', async () => {
    const { list, cloud } = await region((world) => {
      world.addBackup('crs-a', { id: 'exported', startedAt: NOON, status: 4 });
    });
    cloud.fault(BACKUPS, refusing(3, 4, -1));
    expect(await list()).toMatchObject({ backups: [{ id: 'good' }], failures: [] });
  });

  test('never does without the backups that can be had', async () => {
    const { list, cloud } = await region();
    cloud.fault(BACKUPS, refusing(1, 2, 3, 4, -1));
    expect((await list()).failures).toMatchObject([{ error: { code: 'api-rejected' } }]);
  });

  test('reads numbers that came as strings, and null for an empty list', async () => {
    const { list, cloud } = await region();
    const texts: Fault = faults.changeJson((answer) => {
      answer['TotalCount'] = String(answer['TotalCount']);
      for (const row of [answer['InstanceSet'], answer['BackupSet']].flat() as Record<string, unknown>[]) {
        for (const name of ['Type', 'RedisShardNum', 'Status', 'Locked']) {
          if (row?.[name] !== undefined) row[name] = String(row[name]);
        }
        if (row?.['InstanceTags']) row['InstanceTags'] = null;
      }
    });
    cloud.fault(() => true, texts);
    expect(await list()).toMatchObject({
      instances: [{ id: 'crs-a', engine: 'Redis', version: '7.0', shards: 3, cluster: true, tags: {} }],
      backups: [{ id: 'good', state: 'available' }],
      failures: [],
    });

    const nothing = faults.changeJson((answer) => {
      Object.assign(answer, { TotalCount: 0, InstanceSet: null, BackupSet: null });
    });
    cloud.fault(() => true, nothing);
    expect(await list()).toEqual({ instances: [], backups: [], failures: [] });
  });

  test('takes engine, version and edition from the type code, and else from what the cloud says', async () => {
    const { list, cloud } = await region();
    const types: [unknown, object, object][] = [
      [2, {}, { engine: 'Redis', version: '2.8', cluster: false }],
      [4, {}, { engine: 'CKV', version: '3.2', cluster: true }],
      [16, {}, { engine: 'Redis', version: '6.2', cluster: true }],
      [19, { ProductVersion: 'localv2' }, { engine: 'Valkey', version: '8.0', product: 'general II' }],
      [20, { ProductVersion: 'cdc' }, { engine: 'Valkey', version: '8.0', product: 'dedicated cluster' }],
      [20, { ProductVersion: 'newest' }, { engine: 'Valkey', product: 'newest' }],
      [
        '21',
        { CurrentRedisVersion: '', ProductVersion: '' },
        { engine: 'Valkey', version: null, cluster: false },
      ],
      [22, { CurrentRedisVersion: '9.0' }, { engine: 'Valkey', version: '9.0', cluster: true }],
      [200, {}, { engine: 'Memcached', version: '1.6', cluster: true }],
      [
        99,
        { Engine: 'Redis Community', CurrentRedisVersion: '9.0', ProductType: 'cluster' },
        { engine: 'Redis', version: '9.0', cluster: true },
      ],
      [
        99,
        { Engine: 'Novelty', CurrentRedisVersion: '', ProductType: 'standalone' },
        { engine: 'Novelty', version: null, cluster: false },
      ],
    ];
    for (const [Type, extra, expected] of types) {
      const fault = cloud.fault(
        INSTANCES,
        faults.changeJson((answer) => {
          for (const row of answer['InstanceSet'] as object[]) Object.assign(row, { Type, ...extra });
        }),
      );
      expect((await list()).instances).toMatchObject([expected]);
      fault.remove();
    }
  });

  test('does not lose a backup without a readable start silently', async () => {
    const { list, cloud } = await region();
    const noStart = faults.changeJson((answer) => {
      for (const row of answer['BackupSet'] as Record<string, unknown>[])
        row['StartTime'] = '0000-00-00 00:00:00';
    });
    cloud.fault(BACKUPS, noStart);
    const { backups, failures } = await list();
    expect(backups).toEqual([]);
    expect(failures).toMatchObject([{ instanceId: 'crs-a', error: { code: 'api-rejected' } }]);
  });

  test.each([
    ['what is wrong with the region or the account once', faults.refused('UnsupportedRegion', 4000), 1],
    ['missing permissions one by one, as they are granted', faults.denied(), 2],
  ])('tells %s', async (_what, fault, failures) => {
    const { list, cloud } = await region();
    cloud.fault(INSTANCES, fault);
    cloud.fault(BACKUPS, fault);
    expect((await list()).failures).toHaveLength(failures);
  });

  test('keeps what was listed when a listing breaks off half-way', async () => {
    const { list, cloud } = await region((world) => {
      for (let n = 0; n < 250; n++) world.addBackup('crs-a', { startedAt: NOON - HOUR });
    });
    cloud.fault(BACKUPS, faults.denied(), { after: 2 });
    const { backups, failures } = await list();
    expect(backups.length).toBeGreaterThan(150);
    expect(failures).toMatchObject([{ error: { code: 'permission' } }]);
  });

  test.each([
    ['throttled', faults.throttled()],
    ['a hiccup', faults.internalError()],
    ["a gateway's page", faults.notJson(502)],
    ['an empty answer', faults.emptyAnswer()],
  ])('survives %s', async (_what, fault) => {
    const { list, cloud, options } = await region();
    cloud.fault(BACKUPS, fault, { times: 2 });
    expect(await list()).toMatchObject({ backups: [{ id: 'good' }], failures: [] });
    expect(options.calls.filter(({ result }) => result !== 'ok')).toHaveLength(2);
  });

  test('is had although the clock is an hour off', async () => {
    const { list, cloud } = await region();
    cloud.skew(HOUR);
    cloud.fault(
      () => true,
      async (exchange, answer) => {
        const reply = await answer(exchange);
        return { ...reply, headers: { ...reply.headers, date: new Date(NOON + HOUR).toUTCString() } };
      },
    );
    expect(await list()).toMatchObject({ backups: [{ id: 'good' }], failures: [] });
    expect(cloud.requests).toHaveLength(3);
  });

  test('loses no backup when one expires and another is made while it is read', async () => {
    const { list, cloud, world } = await region((world) => {
      for (let n = 0; n < 250; n++) world.addBackup('crs-a', { id: `b-${n}`, startedAt: NOON - HOUR - n });
    });
    const churn = faults.before(() => {
      world.changeBackup('crs-a', 'b-3', { status: -2 });
      world.addBackup('crs-a', { id: 'new', startedAt: NOON - 9 * HOUR });
    });
    cloud.fault(BACKUPS, churn, { after: 1, times: 1 });
    const { backups, failures } = await list();
    const ids = new Set(idsOf(backups));
    const lasting = Array.from({ length: 250 }, (_, n) => `b-${n}`).filter((id) => id !== 'b-3');
    expect(lasting.filter((id) => !ids.has(id))).toEqual([]);
    expect(failures).toEqual([]);
  });

  test('rejects only when told to stop, with the reason', async () => {
    const { source, cloud } = await region();
    const stop = new AbortController();
    cloud.fault(
      BACKUPS,
      faults.before(() => stop.abort(new Error('stop'))),
    );
    await expect(source.inventory({ signal: stop.signal })).rejects.toThrow('stop');
  });
});

describe('the files of a backup', () => {
  test('are all there, in an order that does not depend on the answer, sizes only where they are known', async () => {
    const { files } = await region();
    const found = await files();
    expect(found.map(({ name, announcedSize }) => [name, announcedSize])).toEqual([
      ['shard-1.rdb', 300],
      ['shard-2.rdb', undefined],
      ['shard-10.rdb', 300],
    ]);
  });

  test('carry links whose end is read from the link', async () => {
    const { files, clock } = await region();
    const [first] = await files();
    expect(first?.link.expiresAt).toBe(Math.floor(clock.time / 1000) * 1000 + 21_660_000);
  });

  test('carry links that open the dump, byte for byte', async () => {
    const { files, cloud } = await region();
    const [first] = await files();
    const response = await fetch(first?.link.reveal() ?? '');
    expect((await response.arrayBuffer()).byteLength).toBe(300);
    expect(cloud.downloads('shard-1.rdb')).toHaveLength(1);
  });

  test('are found in the old parallel arrays, by the name in the path', async () => {
    const { files, cloud } = await region();
    cloud.fault(LINKS, faults.oldUrlArrays());
    const found = await files();
    expect(found.map(({ name }) => name)).toEqual(['-shard-1.rdb', '-shard-2.rdb', '-shard-10.rdb']);
    expect(found.every(({ announcedSize }) => announcedSize === undefined)).toBe(true);
  });

  test('have their links asked for anew each time', async () => {
    const { files } = await region();
    const links = await Promise.all([files(), files()]);
    expect(new Set(links.flat().map(({ link }) => link.reveal())).size).toBe(6);
  });

  test('come by the intranet only when that is the network', async () => {
    const { source, options, list, cloud } = await region();
    const inside = createTencentV3({ ...options, network: async () => 'intranet' });
    const { backups, instances } = await list();
    for (const [which, network] of [
      [source, 'extranet'],
      [inside, 'intranet'],
    ] as const) {
      const [first] = await which.files(backups[0] as Backup, instances[0] as Instance, never);
      await (await fetch(first?.link.reveal() ?? '')).arrayBuffer();
      expect(cloud.downloads().at(-1)?.network).toBe(network);
    }
  });

  test('of a backup that is not ready this moment come after a wait', async () => {
    const { files, cloud, clock } = await region();
    cloud.fault(LINKS, faults.backupNotReady(), { times: 2 });
    expect(await files()).toHaveLength(3);
    expect(clock.sleeps.filter((ms) => ms >= 1000)).toEqual([5000, 10_000]);
  });

  test.each<[string, Fault, number]>([
    ['not-ready', faults.backupNotReady(), 4],
    ['backup-gone', faults.backupGone(), 1],
    ['permission', faults.denied(), 1],
    ['throttled', faults.throttled(), 7],
    ['api-unavailable', faults.notJson(502), 7],
    [
      'link-refused',
      faults.changeJson((answer) =>
        Object.assign(answer, { BackupInfos: [], DownloadUrl: null, InnerDownloadUrl: null }),
      ),
      1,
    ],
  ])('are refused with %s, after so many calls as can help', async (code, fault, calls) => {
    const { files, cloud } = await region();
    cloud.fault(LINKS, fault);
    expect(await rejection(files())).toMatchObject({ code, message: expect.stringContaining('crs-a/good') });
    expect(cloud.calls('DescribeBackupUrl')).toBe(calls);
  });

  test('are refused together when one of them has no link', async () => {
    const { files, cloud } = await region();
    const oneWithout = faults.changeJson((answer) => {
      Object.assign((answer['BackupInfos'] as object[])[1] ?? {}, { DownloadUrl: '' });
    });
    cloud.fault(LINKS, oneWithout);
    const error = await rejection(files());
    expect(error).toMatchObject({ code: 'link-refused' });
    expect(String(error)).toContain('shard-2.rdb');
    expect(inspect(error, { depth: 20 })).not.toMatch(/q-sign|\?sign/);
  });
});
