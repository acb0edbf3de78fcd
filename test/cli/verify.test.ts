/** `verify` as a person types it: what it asks for, what it refuses, what it says at the end. */
import { describe, expect, test } from 'vitest';
import type { App } from '../../src/app/app.ts';
import type { Rotation, VerifyItem, VerifyReport } from '../../src/verify/report.ts';
import { runIn, verifiedReport } from './fake-surroundings.ts';

const item: VerifyItem = {
  source: 'ap-guangzhou',
  instanceId: 'crs-orders01',
  backupId: '1-2-3',
  startedAt: '2026-11-24T02:15:00Z',
  result: 'ok',
  detail: '',
  hint: '',
  files: 2,
  bytesRead: 4096,
};

const rotation: Rotation = {
  percent: 5,
  everyHours: 24,
  observed: false,
  archives: 280,
  bytes: 1_000_000,
  neverRead: 266,
  allReadBy: '2026-12-14',
};

function sampled(changes: Partial<Rotation> = {}): VerifyReport {
  const report = verifiedReport([item]);
  return {
    ...report,
    summary: { ...report.summary, depth: 'sample', rotation: { ...rotation, ...changes } },
  };
}

async function asked(args: readonly string[]): Promise<unknown> {
  let request: object | undefined;
  const verify = async ({ signal: _, each: __, ...rest }: Parameters<App['verify']>[0]) => {
    request = rest;
    return sampled();
  };
  await runIn(['verify', ...args], { app: { verify } });
  return request;
}

describe('verify --sample', () => {
  test.each([
    ['5%', 5],
    ['0.5%', 0.5],
    ['100%', 100],
  ])('%s asks for so many percent', async (text, samplePercent) => {
    expect(await asked(['--sample', text])).toEqual({ quick: false, samplePercent });
  });

  test('of one instance asks for its archives only', async () => {
    expect(await asked(['crs-1', '--sample', '5%'])).toEqual({
      quick: false,
      samplePercent: 5,
      instanceId: 'crs-1',
    });
  });

  test.each(['5', '0%', '101%', '-5%', 'half', '%', '5 percent', '1e1%', ''])(
    '%j is refused',
    async (text) => {
      const { code, stderr } = await runIn(['verify', `--sample=${text}`]);
      expect(code).toBe(2);
      expect(stderr).toContain('for instance 5% or 0.5%');
    },
  );

  test('does not go with --quick', async () => {
    const { code, stderr } = await runIn(['verify', '--quick', '--sample', '5%']);
    expect(code).toBe(2);
    expect(stderr).toContain('--quick reads nothing');
  });

  test('says how much was read and by when everything will have been', async () => {
    const { stderr } = await runIn(['verify', '--sample', '5%'], { app: { verify: async () => sampled() } });
    expect(stderr).toBe(
      '1 of 280 archives verified, 4.00 KiB read: all ok\n' +
        'At one such sample a day every archive will have been read by 2026-12-14; 266 of 280 never were.\n',
    );
  });

  test.each<[string, Partial<Rotation>, string]>([
    [
      'since when all were read, and when again',
      { neverRead: 0, readSince: '2026-11-01T03:00:00Z' },
      'Every archive was read since 2026-11-01 03:00 UTC; at one such sample a day every one will have been read again by 2026-12-14.',
    ],
    [
      'how often samples were taken',
      { observed: true, everyHours: 168 },
      'At one such sample every 168 h (as until now) every archive ',
    ],
    ['that it is too small', { enoughPercent: 12 }, '--sample 12% would keep up'],
  ])('says %s', async (_, changes, said) => {
    const { stderr } = await runIn(['verify', '--sample', '5%'], {
      app: { verify: async () => sampled(changes) },
    });
    expect(stderr).toContain(said);
  });

  test('--json carries the rotation', async () => {
    const { stdout, stderr } = await runIn(['verify', '--sample', '5%', '--json'], {
      app: { verify: async () => sampled() },
    });
    expect(JSON.parse(stdout)).toEqual({
      schema: 'rdb-archiver/verify@1',
      summary: { depth: 'sample', archives: 1, damaged: 0, unreadable: 0, bytesRead: 4096, rotation },
      items: [item],
    });
    expect(stderr).toBe('');
  });
});

test('damage and what could not be read are counted apart, and what to do is said', async () => {
  const report = verifiedReport([
    { ...item, result: 'missing', detail: 'data/dump.rdb is not there', bytesRead: 0 },
  ]);
  const verify = async () => ({
    ...report,
    exitCode: 4,
    summary: { ...report.summary, damaged: 1, unreadable: 2 },
    problems: [{ message: 'missing: backup 1-2-3 of crs-orders01', hint: 'Do this.' }],
  });
  const { code, stdout, stderr } = await runIn(['verify'], { app: { verify } });
  expect(code).toBe(4);
  expect(stdout).toContain('missing  crs-orders01');
  expect(stderr).toContain('rdb-archiver: missing: backup 1-2-3 of crs-orders01\n  Do this.\n');
  expect(stderr).toContain('1 archive verified, 0 B read: 1 damaged, 2 unreadable\n');
});

test('a quick one does not claim to have read', async () => {
  const report = verifiedReport([{ ...item, bytesRead: 0 }]);
  const verify = async () => ({ ...report, summary: { ...report.summary, depth: 'quick' as const } });
  const { stderr } = await runIn(['verify', '--quick'], { app: { verify } });
  expect(stderr).toBe('1 archive verified without reading: all ok\n');
});
