/** How safe an instance is called, from what the cloud shows and what the catalog holds. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { toInstant } from '../../src/domain/instant.ts';
import {
  type ArchiveFacts,
  assessStatus,
  calendarDays,
  type SourceFacts,
  type StatusPolicy,
} from '../../src/status/assess.ts';
import { aBackup, DAY_MS, HOUR_MS } from '../support/builders.ts';

const NOW = Date.parse('2026-11-24T03:00:00Z');
const ID = 'crs-ab12cd34';
const policy: StatusPolicy = { now: NOW, maxAgeMs: 26 * HOUR_MS, includeVanished: false, daysBack: 35 };

const hoursAgo = (hours: number): string => toInstant(NOW - hours * HOUR_MS);
const archive = (backupId: string, hours: number, changes: Partial<ArchiveFacts> = {}): ArchiveFacts => ({
  instanceId: ID,
  backupId,
  startedAt: hoursAgo(hours),
  bytes: 1000,
  ...changes,
});

function facts(changes: Partial<SourceFacts> = {}): SourceFacts {
  return {
    source: 'prod',
    region: 'ap-guangzhou',
    instances: [{ id: ID, name: 'orders', vanished: false }],
    archives: [],
    backups: [],
    quarantined: [],
    keyless: [],
    notOpened: [],
    ...changes,
  };
}

function assessOne(changes: Partial<SourceFacts>, changed: Partial<StatusPolicy> = {}) {
  const [status, other] = assessStatus([facts(changes)], { ...policy, ...changed });
  if (!status || other) throw new Error('one instance was expected');
  return status;
}

describe('an instance', () => {
  test.each([
    ['archived three hours ago', [3], false],
    ['archived exactly as long ago as allowed', [26], false],
    ['whose newest archive is a second older than allowed', [26 + 1 / 3600], true],
    ['with a new archive beside old ones', [3, 27, 51], false],
    ['with old archives only', [27, 51], true],
    ['without any archive', [], true],
  ])('%s is stale: %j → %j', (_what, ages, stale) => {
    const archives = ages.map((hours, index) => archive(`b${index}`, hours));
    expect(assessOne({ archives }).stale).toBe(stale);
  });

  it('tells its newest archive, that one’s age, and the bytes of all', () => {
    const status = assessOne({ archives: [archive('old', 27), archive('new', 3), archive('older', 51)] });
    expect(status).toMatchObject({
      newest: { backupId: 'new', startedAt: '2026-11-24T00:00:00Z' },
      ageMs: 3 * HOUR_MS,
      archives: 3,
      bytes: 3000,
    });
  });

  it('tells no bytes where those of one archive are not known: a part would be taken for the whole', () => {
    const { bytes: _, ...unknown } = archive('unread', 4);
    for (const archives of [
      [unknown, archive('read', 3)],
      [archive('read', 3), unknown],
      [archive('first', 5), unknown, archive('last', 3)],
    ])
      expect(assessOne({ archives })).not.toHaveProperty('bytes');
    expect(assessOne({ archives: [] }).bytes).toBe(0);
  });

  it('tells archives without their key, and how many of them the cloud could still give', () => {
    const archives = ['a', 'b', 'c'].map((id, index) => archive(id, 3 + 24 * index));
    const { keyless } = assessOne({
      archives,
      keyless: [archive('a', 3), archive('c', 51), archive('not-archived', 4)],
      backups: [aBackup({ instanceId: ID, id: 'a' }), aBackup({ instanceId: ID, id: 'c', state: 'expired' })],
    });
    expect(keyless).toEqual({ archives: 2, savable: 1 });
    expect(assessOne({ archives })).not.toHaveProperty('keyless');
  });

  it('that vanished is told, and is stale only where that was asked for', () => {
    const instances = [{ id: ID, name: 'orders', vanished: true }];
    const archives = [archive('last', 200)];
    expect(assessOne({ instances, archives })).toMatchObject({ vanished: true, stale: false });
    expect(assessOne({ instances, archives }, { includeVanished: true }).stale).toBe(true);
  });

  it('is not judged by the archives and backups of another', () => {
    const status = assessOne({
      archives: [archive('b', 3, { instanceId: 'crs-other' })],
      backups: [aBackup({ instanceId: 'crs-other' })],
    });
    expect(status).toMatchObject({ stale: true, archives: 0, open: [] });
  });

  it('counts archives within the days looked at only, but takes an older one for the newest', () => {
    const status = assessOne({ archives: [archive('b', 80)] }, { daysBack: 2, maxAgeMs: 90 * HOUR_MS });
    expect(status).toMatchObject({ archives: 0, bytes: 0, stale: false, newest: { backupId: 'b' } });
  });
});

describe('a backup that is not archived', () => {
  test.each([
    ['has days left', 'available', 50, false],
    ['goes within a day', 'available', 23.9, true],
    ['goes within a day and is not ready', 'not-ready', 5, true],
    ['should be gone and is still shown', 'available', -1, true],
    ['has expired', 'expired', -5, false],
  ] as const)('that %s is at risk: %s, %d h → %j', (_what, state, hoursLeft, atRisk) => {
    const backup = aBackup({ state, startedAt: hoursAgo(100), expiresAt: hoursAgo(-hoursLeft) });
    expect(assessOne({ backups: [backup] }).open).toEqual([
      {
        backupId: 'backup-1',
        startedAt: backup.startedAt,
        deadline: backup.expiresAt,
        hoursLeft,
        state,
        quarantined: false,
        atRisk,
      },
    ]);
  });

  it('is open no more once its manifest is there', () => {
    expect(assessOne({ backups: [aBackup()], archives: [archive('backup-1', 1)] }).open).toEqual([]);
  });

  it('is told as quarantined while its record stands and no good copy was archived', () => {
    const quarantined = [{ instanceId: ID, backupId: 'backup-1', startedAt: '2026-11-24T02:15:00Z' }];
    const damaged = assessOne({ backups: [aBackup()], quarantined });
    expect(damaged.open[0]).toMatchObject({ quarantined: true });
    expect(damaged.days.at(-1)).toMatchObject({ archived: 0, quarantined: 1, open: 1 });
    const healed = assessOne({ backups: [aBackup()], quarantined, archives: [archive('backup-1', 1)] });
    expect(healed.days.at(-1)).toMatchObject({ archived: 1, quarantined: 0, open: 0 });
  });
});

test('the calendar has one square a day, oldest first, today the last', () => {
  const { days } = assessOne({ archives: [archive('b', 27), archive('c', 28)] }, { daysBack: 3 });
  expect(days).toEqual([
    { day: '2026-11-22', archived: 1, quarantined: 0, open: 0 },
    { day: '2026-11-23', archived: 1, quarantined: 0, open: 0 },
    { day: '2026-11-24', archived: 0, quarantined: 0, open: 0 },
  ]);
});

test('the worst comes first: soonest lost, then stale by age, then fresh, then vanished', () => {
  const at = (id: string, hoursLeft: number) =>
    aBackup({ id: `of-${id}`, instanceId: id, startedAt: hoursAgo(150), expiresAt: hoursAgo(-hoursLeft) });
  const ids = ['fresh', 'gone', 'risk-late', 'stale', 'never', 'risk-soon', 'fresher'];
  const statuses = assessStatus(
    [
      facts({
        instances: ids.map((id) => ({ id, name: id, vanished: id === 'gone' })),
        archives: [
          archive('1', 20, { instanceId: 'fresh' }),
          archive('2', 2, { instanceId: 'fresher' }),
          archive('3', 30, { instanceId: 'stale' }),
          archive('4', 300, { instanceId: 'gone' }),
          archive('5', 1, { instanceId: 'risk-soon' }),
        ],
        backups: [at('risk-late', 20), at('risk-soon', 2)],
      }),
    ],
    policy,
  );
  expect(statuses.map(({ instanceId }) => instanceId)).toEqual([
    'risk-soon',
    'risk-late',
    'never',
    'stale',
    'fresh',
    'fresher',
    'gone',
  ]);
});

test('of equally bad ones the order is that of their sources and ids, however they were listed', () => {
  const instances = ['crs-b', 'crs-a', 'crs-c'].map((id) => ({ id, name: id, vanished: false }));
  const archives = [archive('1', 3, { instanceId: 'crs-c' }), archive('2', 3, { instanceId: 'crs-b' })];
  const sources = [
    facts({ source: 'test', instances: instances.slice(0, 1), archives: archives.slice(1) }),
    facts({ source: 'prod', instances, archives }),
  ];
  for (const listed of [sources, sources.toReversed()])
    expect(assessStatus(listed, policy).map(({ source, instanceId }) => `${source}/${instanceId}`)).toEqual([
      'prod/crs-a',
      'prod/crs-b',
      'prod/crs-c',
      'test/crs-b',
    ]);
  const never = assessStatus([facts({ source: 'test' }), facts({ source: 'prod' })], policy);
  expect(never.map(({ source }) => source)).toEqual(['prod', 'test']);
});

test('the older the newest archive the worse, and one that vanished is as bad where it is to be judged', () => {
  const ages: Readonly<Record<string, number>> = {
    'crs-a': 2,
    'crs-b': 20,
    'crs-c': 30,
    'crs-d': 300,
    'crs-e': 40,
  };
  const source = facts({
    instances: Object.keys(ages).map((id) => ({ id, name: id, vanished: id === 'crs-d' })),
    archives: Object.entries(ages).map(([instanceId, hours]) => archive(instanceId, hours, { instanceId })),
  });
  const order = (changed: Partial<StatusPolicy>) =>
    assessStatus([source], { ...policy, ...changed }).map(({ instanceId }) => instanceId);
  expect(order({})).toEqual(['crs-e', 'crs-c', 'crs-b', 'crs-a', 'crs-d']);
  expect(order({ includeVanished: true })).toEqual(['crs-d', 'crs-e', 'crs-c', 'crs-b', 'crs-a']);
});

test('one that is about to lose several backups is as urgent as the first of them', () => {
  const at = (instanceId: string, hoursLeft: number) =>
    aBackup({ id: `${instanceId}-${hoursLeft}`, instanceId, expiresAt: hoursAgo(-hoursLeft) });
  const statuses = assessStatus(
    [
      facts({
        instances: ['crs-a', 'crs-b'].map((id) => ({ id, name: id, vanished: false })),
        backups: [at('crs-a', 9), at('crs-a', 90), at('crs-b', 20), at('crs-b', 3)],
      }),
    ],
    policy,
  );
  expect(statuses.map(({ instanceId }) => instanceId)).toEqual(['crs-b', 'crs-a']);
  expect(statuses[0]?.open.map(({ hoursLeft }) => hoursLeft)).toEqual([3, 20]);
});

describe('whatever the archives are', () => {
  const ages = fc.array(fc.integer({ min: 0, max: 40 * 24 }), { maxLength: 60 });

  it('every one within the days looked at stands in exactly one square', () => {
    fc.assert(
      fc.property(ages, fc.integer({ min: 1, max: 40 }), (hours, daysBack) => {
        const status = assessOne({ archives: hours.map((h, i) => archive(`b${i}`, h)) }, { daysBack });
        expect(status.days.reduce((sum, { archived }) => sum + archived, 0)).toBe(status.archives);
        expect(status.days).toHaveLength(daysBack);
      }),
    );
  });

  it('the order they are listed in changes nothing', () => {
    fc.assert(
      fc.property(ages, (hours) => {
        const archives = hours.map((h, i) => archive(`b${i}`, h + i / 1000));
        expect(assessOne({ archives: archives.toReversed() })).toEqual(assessOne({ archives }));
      }),
    );
  });

  it('one more never makes an instance staler', () => {
    fc.assert(
      fc.property(ages, fc.integer({ min: 0, max: 40 * 24 }), (hours, more) => {
        const archives = hours.map((h, i) => archive(`b${i}`, h));
        const before = assessOne({ archives }).stale;
        const after = assessOne({ archives: [...archives, archive('more', more)] }).stale;
        expect(after && !before).toBe(false);
      }),
    );
  });
});

test('the days are the last so many in UTC, without a gap, over a change of year too', () => {
  const days = calendarDays(Date.parse('2027-01-01T00:30:00Z'), 3);
  expect(days).toEqual(['2026-12-30', '2026-12-31', '2027-01-01']);
  const many = calendarDays(NOW, 400);
  for (const [index, day] of many.entries())
    expect(Date.parse(day)).toBe(Date.parse(many[0] ?? '') + index * DAY_MS);
});
