/** Part of the composition root: the keys of backups that the cloud encrypts, and what the cloud is asked about its settings. */
import type { KeyPorts } from '../archiver/backup-key.ts';
import { type BackupAccess, createBackupAccess } from '../catalog/backup-access.ts';
import { createKeyRecords } from '../catalog/key-records.ts';
import { createSettingsRecords } from '../catalog/settings-records.ts';
import type { CheckPorts } from '../check/check.ts';
import { checkKeys } from '../codec/check-keys.ts';
import { createKeyVault } from '../codec/key-vault.ts';
import type { Config } from '../config/schema.ts';
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { SettingsContext } from '../domain/backup-settings.ts';
import type { Clock } from '../domain/clock.ts';
import type { StatusPorts } from '../status/status.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface Keys extends KeyPorts {
  readonly access: BackupAccess;
  readonly settings: StatusPorts['settings'];
  readonly check: CheckPorts['keys'];
}

interface KeysPorts {
  readonly store: ObjectStore;
  readonly layout: ArchiveLayout;
  readonly clock: Pick<Clock, 'now'>;
}

export function createKeys(config: Config, { store, layout, clock }: KeysPorts): Keys {
  const vault = createKeyVault(config);
  const records = createKeyRecords(store, layout, clock);
  const keepsKeys = config.encryptedBackups === 'seal';
  const context = (source: string) => contextOf(source, config, clock.now());
  return {
    policy: config.encryptedBackups,
    vault,
    records,
    access: createBackupAccess(records, vault),
    settings: { records: createSettingsRecords(store, layout, config.shard), context },
    check: { asked: keepsKeys, check: () => checkKeys(config), context },
  };
}

/** So far ahead a schedule is looked at: a weekly one comes twice. */
const LOOK_AHEAD_DAYS = 15;

/** The time between two runs is that of the configured schedule; who runs by another (a CronJob's) is not known here. */
async function contextOf(
  name: string,
  { sources, schedule, timezone, encryptedBackups }: Config,
  now: number,
): Promise<SettingsContext> {
  const { createCron, firstDue, MINUTE_MS } = await import('../daemon/cron.ts');
  const own = sources.find((source) => source.name === name)?.schedule;
  const cron = createCron(own ?? schedule, timezone);
  const end = now + LOOK_AHEAD_DAYS * 1440 * MINUTE_MS;
  let runIntervalMs = 0;
  let last: number | undefined;
  for (let at = minuteOf(now, MINUTE_MS); ; ) {
    const next = firstDue(cron, at, end);
    if (next === undefined) break;
    if (last !== undefined) runIntervalMs = Math.max(runIntervalMs, next - last);
    last = next;
    at = next;
  }
  return { runIntervalMs, keepsKeys: encryptedBackups === 'seal' };
}

function minuteOf(time: number, minute: number): number {
  return Math.floor(time / minute) * minute;
}
