/** `notify test`: what a person sees of it, and how it ends. */
import { describe, expect, test } from 'vitest';
import type { NotifyItem } from '../../src/domain/notification.ts';
import { runIn } from './fake-surroundings.ts';

const delivered: NotifyItem = {
  receiver: 'ops',
  preset: 'feishu',
  address: 'https://open.feishu.cn',
  result: 'delivered',
  detail: '',
};
const failed: NotifyItem = {
  ...delivered,
  receiver: 'pager',
  result: 'failed',
  detail: 'it answered HTTP 404',
};
const env = { ARCHIVER_NOTIFY_URL: 'https://hooks.example.com/Hk3vTq9zPw' };

const tested = (items: readonly NotifyItem[], ...flags: string[]) =>
  runIn(['notify', 'test', ...flags], { env, app: { testReceivers: async () => items } });

describe('notify test', () => {
  test('prints what came of each receiver, and ends in 0 when all were reached', async () => {
    const { code, stdout, closed } = await tested([delivered]);
    expect(stdout).toMatch(
      /^RESULT +RECEIVER +PRESET +ADDRESS +DETAIL\ndelivered +ops +feishu +https:\/\/open/,
    );
    expect(code).toBe(0);
    expect(closed).toBe(true);
  });

  test('ends in 3 when one of them was not', async () => {
    const { code, stdout } = await tested([delivered, failed]);
    expect(stdout).toContain('it answered HTTP 404');
    expect(code).toBe(3);
  });

  test('gives one JSON document where it is asked to', async () => {
    const { stdout } = await tested([failed], '--json');
    expect(JSON.parse(stdout)).toEqual({ schema: 'rdb-archiver/notify@1', items: [failed] });
  });

  test('ends in 2 and says what to set where no receiver is configured', async () => {
    const { code, stderr, config } = await runIn(['notify', 'test']);
    expect(code).toBe(2);
    expect(stderr).toContain('ARCHIVER_NOTIFY_URL');
    expect(config).toBeUndefined();
  });
});
