/** The worlds that the sandbox serves: what a first run should meet, and how they change while it looks. */
import { describe, expect, test } from 'vitest';
import { createWorld } from '../../src/sandbox/world.ts';
import { defaultWorld, fleetWorld } from '../../src/sandbox/worlds.ts';

const NOW = Date.UTC(2026, 10, 24, 1, 30);
const DAY = 24 * 60 * 60 * 1000;
const clock = { now: () => NOW };

describe('the default world', () => {
  const world = defaultWorld(clock);
  const backups = world.backups('ap-guangzhou');

  test('has ten backups with eleven files to archive, one of them encrypted, one still being made and one expired', () => {
    const count = (status: number) => backups.filter((backup) => backup.status === status).length;
    expect({ ready: count(2), making: count(1), expired: count(-1) }).toEqual({
      ready: 10,
      making: 1,
      expired: 1,
    });
    expect(backups.filter(({ status }) => status === 2).flatMap(({ files }) => files)).toHaveLength(11);
    expect(backups.filter(({ encrypted }) => encrypted).map(({ key }) => key?.text.length)).toEqual([44]);
  });

  test('has backups of an instance that was deleted', () => {
    const listed = new Set(world.instances('ap-guangzhou').map(({ id }) => id));
    const orphans = backups.filter(({ instanceId }) => !listed.has(instanceId));
    expect(new Set(orphans.map(({ instanceId }) => instanceId))).toEqual(new Set(['crs-legacy05']));
    expect(orphans).toHaveLength(2);
  });

  test('names every file of a backup differently', () => {
    for (const { files } of backups) expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
  });
});

describe('a backup', () => {
  test('expires seven days after it was made, and its files with it', () => {
    let now = NOW;
    const world = createWorld({ now: () => now });
    world.addInstance({ id: 'crs-a' });
    const { id } = world.addBackup('crs-a', { startedAt: NOW, files: fleetFile() });
    now += 7 * DAY - 1;
    expect(world.backup('crs-a', id)?.status).toBe(2);
    expect(world.file('crs-a', id, 'dump-1.rdb')).toBeDefined();
    now += 1;
    expect(world.backup('crs-a', id)?.status).toBe(-1);
    expect(world.file('crs-a', id, 'dump-1.rdb')).toBeUndefined();
  });

  test('of an instance that never was cannot be added', () => {
    expect(() => createWorld(clock).addBackup('crs-nothere', { startedAt: NOW })).toThrow('crs-nothere');
  });

  function fleetFile() {
    const [backup] = fleetWorld(clock, { instances: 1, backupsEach: 1 }).backups('ap-guangzhou');
    return backup?.files ?? [];
  }
});

test('a fleet has as many instances and backups as asked for, each dump with bytes of its own', () => {
  const world = fleetWorld(clock, { instances: 1000, backupsEach: 7 });
  expect(world.instances('ap-guangzhou')).toHaveLength(1000);
  const backups = world.backups('ap-guangzhou');
  expect(new Set(backups.map(({ id }) => id)).size).toBe(7000);
  const bytes = backups
    .slice(0, 300)
    .map(({ files }) => Buffer.concat([...(files[0]?.dump.read(0, 200) ?? [])]).toString('hex'));
  expect(new Set(bytes).size).toBe(300);
});
