/** Builders of a status, so that a test of its readers states only what it is about. */
import { dayOf, type Instant, toEpoch, toInstant } from '../../src/domain/instant.ts';
import type { RunSummary } from '../../src/domain/outcome.ts';
import type { DayStatus, InstanceStatus, OpenBackup, StatusReport } from '../../src/domain/status.ts';
import { DAY_MS, HOUR_MS } from './builders.ts';

/** When the sample statuses were made. */
const STATUS_NOW: Instant = '2026-11-24T09:00:00Z';
const DAYS_BACK = 35;
const GIB = 1024 ** 3;

/** What lies in the calendar on the day so many days before the status. */
type DayChanges = Readonly<Record<number, Partial<Omit<DayStatus, 'day'>>>>;

/** One archive a day unless `changes` says otherwise of a day, oldest first. */
export function statusDays(changes: DayChanges = {}, daysBack = DAYS_BACK): DayStatus[] {
  return Array.from({ length: daysBack }, (_, place) => {
    const before = daysBack - 1 - place;
    const day = dayOf(toInstant(toEpoch(STATUS_NOW) - before * DAY_MS));
    return { day, archived: 1, quarantined: 0, open: 0, ...changes[before] };
  });
}

/** Archived every day, the last time seven hours ago. */
export function anInstanceStatus(changes: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    source: 'prod',
    region: 'ap-guangzhou',
    instanceId: 'crs-ab12cd34',
    name: 'orders-cache',
    vanished: false,
    newest: { backupId: '7001-1', startedAt: '2026-11-24T02:00:00Z' },
    ageMs: 7 * HOUR_MS,
    archives: DAYS_BACK,
    bytes: 42 * GIB,
    open: [],
    stale: false,
    days: statusDays(),
    ...changes,
  };
}

/** Not archived, and to be deleted in so many hours. */
export function anOpenBackup(hoursLeft: number, changes: Partial<OpenBackup> = {}): OpenBackup {
  const deadline = toEpoch(STATUS_NOW) + hoursLeft * HOUR_MS;
  return {
    backupId: '6994-1',
    startedAt: toInstant(deadline - 7 * DAY_MS),
    deadline: toInstant(deadline),
    hoursLeft,
    state: 'available',
    quarantined: false,
    atRisk: hoursLeft > 0 && hoursLeft < 24,
    ...changes,
  };
}

export function aStatusReport(changes: Partial<StatusReport> = {}): StatusReport {
  return {
    generatedAt: STATUS_NOW,
    maxAgeMs: 26 * HOUR_MS,
    sources: ['prod'],
    daysBack: DAYS_BACK,
    instances: [anInstanceStatus()],
    warnings: [],
    problems: [],
    exitCode: 0,
    ...changes,
  };
}

export function aRunSummary(changes: Partial<RunSummary> = {}): RunSummary {
  return {
    runId: '20261124T081700Z-1f2e3d4c',
    considered: 42,
    archived: 3,
    skipped: 39,
    failed: 0,
    skippedBy: { 'already-archived': 39 },
    bytes: 3 * GIB,
    durationMs: 94_000,
    exitCode: 0,
    ...changes,
  };
}

/** So many instances, all archived, of believable names and sizes. */
export function healthyInstances(count: number): InstanceStatus[] {
  const services = ['orders', 'sessions', 'catalogue', 'cart', 'payments', 'search', 'ranking', 'feeds'];
  const purposes = ['cache', 'queue', 'locks', 'store'];
  return Array.from({ length: count }, (_, place) => {
    const service = services[place % services.length] ?? '';
    const purpose = purposes[Math.floor(place / services.length) % purposes.length] ?? '';
    const series = Math.floor(place / 32);
    return anInstanceStatus({
      instanceId: `crs-${(0x3a91f04 + place * 7919).toString(36).padStart(8, '0')}`,
      name: `${service}-${purpose}${series === 0 ? '' : `-${series + 1}`}`,
      bytes: (1 + ((place * 37) % 90)) * GIB,
      ageMs: (3 + (place % 5)) * HOUR_MS,
      newest: {
        backupId: `7001-${place}`,
        startedAt: toInstant(toEpoch(STATUS_NOW) - (3 + (place % 5)) * HOUR_MS),
      },
    });
  });
}

/** A fleet on a bad day: something of everything that the page can tell. */
export function troubledReport(healthy = 9): StatusReport {
  const instances: InstanceStatus[] = [
    anInstanceStatus({
      instanceId: 'crs-pay7k2q9',
      name: 'payments-ledger',
      stale: true,
      newest: { backupId: '6993-7', startedAt: '2026-11-17T02:10:00Z' },
      ageMs: 7 * DAY_MS,
      archives: 28,
      bytes: 310 * GIB,
      open: [
        anOpenBackup(5.3, { backupId: '6994-7' }),
        ...[1, 2, 3, 4, 5, 6].map((day) => anOpenBackup(5.3 + 24 * day, { backupId: `${6994 + day}-7` })),
      ],
      days: statusDays(
        Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((day) => [day, { archived: 0, open: 1 }])),
      ),
    }),
    anInstanceStatus({
      instanceId: 'crs-sess01xz',
      name: 'sessions-eu',
      source: 'frankfurt',
      region: 'eu-frankfurt',
      stale: true,
      newest: { backupId: '6999-2', startedAt: '2026-11-22T02:00:00Z' },
      ageMs: 2 * DAY_MS + 7 * HOUR_MS,
      archives: 33,
      days: statusDays({ 0: { archived: 0 }, 1: { archived: 0 } }),
    }),
    anInstanceStatus({
      instanceId: 'crs-rank55aa',
      name: 'ranking-store',
      open: [anOpenBackup(70, { backupId: '6997-5', quarantined: true })],
      archives: 34,
      days: statusDays({ 4: { archived: 0, quarantined: 1, open: 1 } }),
    }),
    anInstanceStatus({
      instanceId: 'crs-newborn1',
      name: 'feature-flags',
      archives: 3,
      bytes: 0.4 * GIB,
      open: [anOpenBackup(167, { backupId: '7001-9', state: 'not-ready' })],
      days: statusDays(
        Object.fromEntries(
          Array.from({ length: DAYS_BACK }, (_, before) => [
            before,
            before === 0 ? { archived: 0, open: 1 } : { archived: before < 4 ? 1 : 0 },
          ]),
        ),
      ),
    }),
    ...healthyInstances(healthy),
    anInstanceStatus({
      instanceId: 'crs-gone0042',
      name: 'legacy-basket',
      vanished: true,
      newest: { backupId: '6980-3', startedAt: '2026-11-05T02:00:00Z' },
      ageMs: 19 * DAY_MS,
      archives: 16,
      days: statusDays(
        Object.fromEntries(Array.from({ length: 19 }, (_, before) => [before, { archived: 0 }])),
      ),
    }),
  ];
  return aStatusReport({
    instances,
    problems: [
      {
        message: 'crs-vip00001: listing its backups was refused (UnauthorizedOperation)',
        hint: 'Grant the account the redis:Describe… actions named in the deployment guide.',
      },
    ],
    exitCode: 5,
  });
}

/** The runs of a bad day, newest last, as a worker remembers them. */
export function troubledRuns(): RunSummary[] {
  return [
    aRunSummary({ runId: '20261124T051700Z-aaaaaaa1' }),
    aRunSummary({
      runId: '20261124T061700Z-aaaaaaa2',
      archived: 0,
      skipped: 42,
      skippedBy: { 'already-archived': 42 },
      bytes: 0,
      durationMs: 2_100,
    }),
    aRunSummary({
      runId: '20261124T071700Z-aaaaaaa3',
      archived: 1,
      skipped: 40,
      failed: 1,
      skippedBy: { 'already-archived': 38, 'not-ready': 2, filtered: 12 },
      durationMs: 184_000,
      exitCode: 3,
    }),
    aRunSummary({
      runId: '20261124T081700Z-aaaaaaa4',
      considered: 0,
      archived: 0,
      skipped: 0,
      skippedBy: {},
      bytes: 0,
      durationMs: 31_000,
      exitCode: 10,
    }),
  ];
}
