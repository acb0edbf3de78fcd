/** `status` as a monitor and a person meet it: the exit status, the table, the document and the page. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import type { InstanceStatus, OpenBackup, StatusReport } from '../../src/domain/status.ts';
import type { StatusRequest } from '../../src/status/status.ts';
import { HOUR_MS } from '../support/builders.ts';
import { runIn } from './fake-surroundings.ts';

const fresh: InstanceStatus = {
  source: 'prod',
  region: 'ap-guangzhou',
  instanceId: 'crs-orders01',
  name: 'orders',
  vanished: false,
  newest: { backupId: '1-2-3', startedAt: '2026-11-24T02:15:00Z' },
  ageMs: 2 * HOUR_MS,
  archives: 30,
  bytes: 4096,
  open: [],
  stale: false,
  days: [{ day: '2026-11-24', archived: 1, quarantined: 0, open: 0 }],
};
const lastHours: OpenBackup = {
  backupId: '4-5-6',
  startedAt: '2026-11-17T08:00:00Z',
  deadline: '2026-11-24T08:00:00Z',
  hoursLeft: 5,
  state: 'available',
  quarantined: false,
  atRisk: true,
};
const atRisk = {
  ...fresh,
  instanceId: 'crs-carts004',
  name: 'carts',
  open: [lastHours, { ...lastHours, hoursLeft: 90, atRisk: false, quarantined: true }],
};
const { newest: _newest, ageMs: _ageMs, ...never } = fresh;
const stale = { ...never, instanceId: 'crs-fresh002', name: 'empty', stale: true, archives: 0, bytes: 0 };
const vanished = {
  ...fresh,
  instanceId: 'crs-legacy05',
  name: 'legacy',
  ageMs: 100 * HOUR_MS,
  vanished: true,
};

const report: StatusReport = {
  generatedAt: '2026-11-24T03:00:00Z',
  maxAgeMs: 26 * HOUR_MS,
  sources: ['ap-guangzhou'],
  daysBack: 35,
  instances: [atRisk, stale, fresh, vanished],
  warnings: [],
  problems: [],
  exitCode: 5,
};
const answer = (changes: Partial<StatusReport> = {}) => ({
  app: { status: async () => ({ ...report, ...changes }) },
});

/** What the application is asked for by these arguments. */
async function requestOf(...args: string[]): Promise<Partial<StatusRequest> | undefined> {
  let asked: Partial<StatusRequest> | undefined;
  await runIn(['status', ...args], {
    app: {
      status: async ({ signal: _signal, ...request }) => {
        asked = request;
        return report;
      },
    },
  });
  return asked;
}

describe('status', () => {
  test.each([0, 3, 4, 5, 10])('ends with what the report says: %d', async (exitCode) => {
    expect((await runIn(['status'], answer({ exitCode }))).code).toBe(exitCode);
  });

  it('tells in its help that 5 means an instance that is stale or a backup that is about to be lost', async () => {
    const { code, stdout } = await runIn(['status', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}5 +an instance is stale, or a backup is about to be lost$/m);
    expect(stdout).toContain('(default: 26h)');
  });

  it('is a table, worst first, with the totals on standard error', async () => {
    const { stdout, stderr } = await runIn(['status'], answer());
    await expect(stdout).toMatchFileSnapshot(join(import.meta.dirname, 'status.golden.txt'));
    expect(stderr).toBe('4 instances: 1 at risk, 1 stale, 1 fresh, 1 vanished\n');
  });

  it('with --json is one document that says what it was judged by', async () => {
    const { stdout, stderr } = await runIn(['status', '--json'], answer());
    expect(JSON.parse(stdout)).toEqual({
      schema: 'rdb-archiver/status@1',
      generatedAt: '2026-11-24T03:00:00Z',
      maxAgeMs: 93_600_000,
      daysBack: 35,
      warnings: [],
      items: report.instances,
    });
    expect(stderr).toBe('');
  });

  it('with --html writes the page too, where it was asked to', async () => {
    const file = join(tmpdir(), `status-${process.pid}.html`);
    const { code, stdout } = await runIn(['status', '--html', file], answer());
    expect(code).toBe(5);
    expect(stdout).toMatch(/^STATUS /);
    const page = readFileSync(file, 'utf8');
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page).toContain('crs-carts004');
  });

  it('that cannot write the page ends with 2 and says where', async () => {
    const { code, stderr } = await runIn(['status', '--html', 'no/such/folder/x.html'], answer());
    expect(code).toBe(2);
    expect(stderr).toContain('no/such/folder/x.html');
  });

  it('says what could not be listed on standard error, in the document’s company too', async () => {
    const problems = [{ message: 'ap-beijing could not be listed: token=HUSH', hint: 'Check the key.' }];
    const { stdout, stderr } = await runIn(['status', '--json'], answer({ problems }));
    expect(JSON.parse(stdout).items).toHaveLength(4);
    expect(stderr).toBe('rdb-archiver: ap-beijing could not be listed: token=[redacted]\n  Check the key.\n');
  });

  it('allows 26 hours and looks back 35 days, or as it was told', async () => {
    expect(await requestOf()).toMatchObject({
      maxAgeMs: 26 * HOUR_MS,
      daysBack: 35,
      includeVanished: false,
    });
    expect(await requestOf('--max-age', '2d', '--days', '7', '--include-vanished')).toMatchObject({
      maxAgeMs: 48 * HOUR_MS,
      daysBack: 7,
      includeVanished: true,
    });
  });

  it('reads no manifest, since a monitor asks often, but with --sizes every one', async () => {
    expect(await requestOf()).toMatchObject({ manifestReads: 0 });
    expect(await requestOf('--sizes')).toMatchObject({ manifestReads: Number.POSITIVE_INFINITY });
  });

  it('shows no column of sizes where nobody looked', async () => {
    const instances = [atRisk, fresh].map(({ bytes: _bytes, ...instance }) => instance);
    expect((await runIn(['status'], answer({ instances }))).stdout).not.toContain('SIZE');
  });

  test.each([
    ['--max-age', '26'],
    ['--max-age', '0h'],
    ['--days', '0'],
    ['--days', 'many'],
    ['--days', '99999'],
  ])('refuses %s %s with 2', async (...args) => {
    const { code, stderr } = await runIn(['status', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(args[0]);
  });
});
