/** What of the cloud's settings would cost archives, and what would not. */
import { describe, expect, test } from 'vitest';
import {
  encryptedBy,
  restrictionTrouble,
  type SettingsContext,
  troublesOf,
} from '../../src/domain/backup-settings.ts';
import { DAY_MS, HOUR_MS } from '../support/builders.ts';

const WEEK = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const HOURLY: SettingsContext = { runIntervalMs: HOUR_MS, keepsKeys: false };

const kinds = (weekDays: readonly string[], storageDays = 7, context = HOURLY) =>
  troublesOf({ automatic: { weekDays, storageDays } }, context).map(({ kind }) => kind);

describe('automatic backups', () => {
  test.each<[string, string[], string[]]>([
    ['every day', WEEK, []],
    ['on working days', WEEK.slice(0, 5), []],
    ['every other day', ['Monday', 'Wednesday', 'Friday', 'Sunday'], []],
    ['on two days, four days apart', ['Monday', 'Friday'], ['few-backups']],
    ['on one day', ['sunday'], ['few-backups']],
    ['on no day', [], ['automatic-backup']],
  ])('%s', (_what, days, expected) => {
    expect(kinds(days)).toEqual(expected);
  });

  test('that are kept for no longer than two runs lie apart are told, and a day is too little in any case', () => {
    expect(kinds(WEEK, 1)).toEqual(['short-retention']);
    expect(kinds(WEEK, 2)).toEqual([]);
    expect(kinds(WEEK, 7, { ...HOURLY, runIntervalMs: 7 * DAY_MS })).toEqual(['short-retention']);
    expect(troublesOf({ automatic: { weekDays: WEEK } }, HOURLY)).toEqual([]);
  });

  test('of which nothing is known are no trouble', () => {
    expect(troublesOf({}, HOURLY)).toEqual([]);
  });
});

test('encrypted backups are trouble where their keys are not kept, and say whose key it is', () => {
  const encryption = { encrypted: true, keyOwner: 'customer', kmsKeyId: 'k-1', kmsRegion: 'ap-x' } as const;
  expect(troublesOf({ encryption }, HOURLY)).toEqual([
    { kind: 'encrypted', detail: 'encrypts its backups with your KMS key k-1 in ap-x' },
  ]);
  expect(troublesOf({ encryption }, { ...HOURLY, keepsKeys: true })).toEqual([]);
  expect(encryptedBy({ encrypted: true, keyOwner: 'cloud' })).toContain("the cloud's own key");
  expect(troublesOf({ encryption: { encrypted: false } }, HOURLY)).toEqual([]);
});

test('a restriction to the intranet is trouble only outside of it', () => {
  const restriction = { kind: 'intranet-only', vpcs: [], addresses: [], notIn: false } as const;
  expect(restrictionTrouble(restriction, 'extranet')).toContain('intranet only');
  expect(restrictionTrouble(restriction, 'intranet')).toBeUndefined();
  expect(restrictionTrouble({ ...restriction, kind: 'none' }, 'extranet')).toBeUndefined();
});

test('a restriction to private networks is trouble outside of the cloud, and inside nobody knows which it is', () => {
  const restriction = { kind: 'custom', vpcs: ['vpc-a'], addresses: ['10.0.0.1'], notIn: false } as const;
  expect(restrictionTrouble(restriction, 'extranet')).toMatch(/from vpc-a only, and this machine is outside/);
  expect(restrictionTrouble(restriction, 'intranet')).toBeUndefined();
  expect(restrictionTrouble({ ...restriction, vpcs: [], notIn: true }, 'extranet')).toBeUndefined();
});
