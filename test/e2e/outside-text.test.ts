/** What the cloud's users, servers and thieves write reaches nobody's terminal, chat or parser as anything but text. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/system-clock.ts';
import { call } from '../support/cloud.ts';
import { changeJson, refused } from '../support/cloud-api-faults.ts';
import { addBackup } from '../support/scenario.ts';
import { itemsOf, openWorkplace, outcomesOf, summaryOf } from '../support/workplace.ts';

/** All but the line feeds and carriage returns that lines end in. */
const ACTIVE = /(?![\n\r])\p{Cc}|[\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const HOSTILE = '\u001b[2J\u009b31m\u202eevil\u2028\nfailed crs-forged\r\u0007';
/** Ids are opaque: these would be cut out of a log by their looks, or begin a line of their own. */
const INSTANCE = 'crs-token=abcdef0123';
const BACKUP = 'Bearer abcdefghijklmnop\nfailed crs-forged';

const FORGED = /^failed crs-forged/m;
const COMMANDS = [
  ['list', 'instances'],
  ['list', 'instances', '--json'],
  ['list', 'backups'],
  ['list', 'archives'],
  ['list', 'archives', '--json'],
  ['plan'],
  ['status'],
  ['check'],
  ['run', '--log-format', 'json'],
  ['run', '--log-format', 'pretty'],
  ['verify'],
  ['restore', INSTANCE, '--to', 'restored'],
  ['archive', INSTANCE, '--log-format', 'pretty'],
];

const openHostile = async () => {
  const work = await openWorkplace({
    fill(world) {
      world.addInstance({ id: INSTANCE, name: `orders${HOSTILE}`, tags: { [`team${HOSTILE}`]: HOSTILE } });
      addBackup(world, systemClock, { id: BACKUP, instanceId: INSTANCE });
      world.changeBackup(INSTANCE, BACKUP, { remark: HOSTILE });
    },
  });
  return work;
};

describe.concurrent('text from outside', () => {
  test('moves no cursor and forges no line, whatever command shows it, in tables, messages and JSON', async () => {
    const work = await openHostile();
    try {
      expect((await work.run(['run'])).code).toBe(0);
      const seen = async () => {
        for (const command of COMMANDS) {
          const { stdout, stderr } = await work.run(command);
          expect({ command, text: stdout + stderr }).not.toMatchObject({
            text: expect.stringMatching(ACTIVE),
          });
          expect({ command, text: stdout + stderr }).not.toMatchObject({
            text: expect.stringMatching(FORGED),
          });
        }
      };
      await seen();
      addBackup(work.cloud.world, systemClock, { id: `${BACKUP}2`, instanceId: INSTANCE });
      work.cloud.fault(call('DescribeBackupUrl'), refused('UnauthorizedOperation', 4101, `broken${HOSTILE}`));
      await seen();
      work.cloud.fault(
        call('DescribeInstanceBackups'),
        refused('UnauthorizedOperation', 4101, `no${HOSTILE}`),
      );
      await seen();
    } finally {
      await work.close();
    }
    // Some twenty processes.
  }, 120_000);

  test('leaves ids as they are where they are data, whatever they look like', async () => {
    const work = await openHostile();
    try {
      const result = await work.run(['run']);
      expect(outcomesOf(result)).toMatchObject([
        { instanceId: INSTANCE, backupId: BACKUP, outcome: 'archived' },
      ]);
      const listed = itemsOf(await work.run(['list', 'archives', '--json']));
      expect(listed).toMatchObject([{ instanceId: INSTANCE, backupId: BACKUP }]);
      expect(outcomesOf(await work.run(['run']))).toMatchObject([{ reason: 'already-archived' }]);
    } finally {
      await work.close();
    }
  });

  test('keeps to a length: a name of ten megabytes costs neither the archive nor the log', async () => {
    const work = await openHostile();
    try {
      work.cloud.fault(
        call('DescribeInstances'),
        changeJson((answer) => {
          for (const row of answer['InstanceSet'] as Record<string, unknown>[])
            Object.assign(row, { InstanceName: 'x'.repeat(10_000_000), RedisShardNum: 1.5 });
        }),
      );
      const result = await work.run(['run']);
      expect(summaryOf(result)).toMatchObject({ archived: 1, exitCode: 0 });
      expect(Math.max(...result.stdout.split('\n').map((line) => line.length))).toBeLessThan(4000);
      const [item] = itemsOf<{ instanceName: string }>(await work.run(['list', 'archives', '--json']));
      expect(item?.instanceName).toMatch(/^x{255}…$/);
      expect((await work.run(['verify'])).code).toBe(0);
    } finally {
      await work.close();
    }
  });

  test('an id that cannot be kept exactly fails its instance, and no other', async () => {
    const work = await openWorkplace();
    try {
      work.cloud.world.addInstance({ id: 'x'.repeat(10_000), name: 'long' });
      const result = await work.run(['run']);
      expect(summaryOf(result)).toMatchObject({ archived: 1, exitCode: 3 });
      expect(result.stdout.length).toBeLessThan(10_000);
    } finally {
      await work.close();
    }
  });
});
