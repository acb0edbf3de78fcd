/** What the cloud is set to do with an instance's backups, and what of that would cost archives if nobody noticed it in time. */

/** `DescribeAutoBackupConfig` */
export interface AutomaticBackup {
  /** English names of days, as the cloud says them; none: it is switched off. */
  readonly weekDays: readonly string[];
  /** So long the cloud keeps a backup; absent where it does not say. */
  readonly storageDays?: number;
}

/** `DescribeBackupEncryptConfig` */
export interface BackupEncryption {
  readonly encrypted: boolean;
  /** Whose key wraps those of the backups. */
  readonly keyOwner?: 'cloud' | 'customer';
  readonly kmsKeyId?: string;
  readonly kmsRegion?: string;
}

/** Of one instance; what was not allowed to be asked is absent. */
export interface InstanceSettings {
  readonly automatic?: AutomaticBackup;
  readonly encryption?: BackupEncryption;
}

/** `DescribeBackupDownloadRestriction`: from where an account's backups can be downloaded. */
export interface DownloadRestriction {
  readonly kind: 'none' | 'intranet-only' | 'custom';
  /** Of `custom`, for people: VPCs, and addresses (those that may, or with `notIn` those that may not). */
  readonly vpcs: readonly string[];
  readonly addresses: readonly string[];
  readonly notIn: boolean;
}

/** What is known here, to judge the settings by. */
export interface SettingsContext {
  /** Milliseconds from one run to the next, as far as that is known. */
  readonly runIntervalMs: number;
  /** Whether the keys of encrypted backups are kept. */
  readonly keepsKeys: boolean;
}

export type SettingKind = 'automatic-backup' | 'few-backups' | 'short-retention' | 'encrypted';

export interface SettingTrouble {
  readonly kind: SettingKind;
  /** Goes on a sentence that begins with the instance. */
  readonly detail: string;
}

/** What to do, with the console's name of the setting. */
export const SETTING_HINTS: Readonly<Record<SettingKind, string>> = {
  'automatic-backup':
    'Console: instance, Backup and Restoration, Automatic Backup Settings: choose the days of "Backup Cycle".',
  'few-backups':
    'Console: instance, Backup and Restoration, Automatic Backup Settings: add days to "Backup Cycle".',
  'short-retention':
    'Console: instance, Backup and Restoration, Automatic Backup Settings: raise "Retention Period", or run more often.',
  encrypted:
    'Console: instance, Backup and Restoration, "Backup Encryption". Set `encryptedBackups: seal` and `keyRecipients` here, and the archives stay readable (docs/encrypted-backups.md).',
};

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const DAY_MS = 86_400_000;

/** Working days alone leave three days between two backups; what leaves more is told. */
const LONGEST_GAP_DAYS = 3;

export function troublesOf(
  { automatic, encryption }: InstanceSettings,
  { runIntervalMs, keepsKeys }: SettingsContext,
): SettingTrouble[] {
  const found: SettingTrouble[] = [];
  if (automatic) {
    const gap = longestGap(automatic.weekDays);
    if (automatic.weekDays.length === 0)
      found.push({ kind: 'automatic-backup', detail: 'makes no automatic backup on any day' });
    else if (gap > LONGEST_GAP_DAYS)
      found.push({
        kind: 'few-backups',
        detail: `is backed up on ${automatic.weekDays.join(', ')} only: up to ${gap} days of data lie between two backups`,
      });
    const { storageDays } = automatic;
    // A run that fails once would miss a backup that lives for no longer than two runs lie apart.
    const needed = Math.max(DAY_MS, runIntervalMs);
    if (storageDays !== undefined && storageDays * DAY_MS <= needed)
      found.push({
        kind: 'short-retention',
        detail: `keeps backups for ${storageDays} day${storageDays === 1 ? '' : 's'}: a run that comes late or fails once finds them gone`,
      });
  }
  if (encryption?.encrypted && !keepsKeys) found.push({ kind: 'encrypted', detail: encryptedBy(encryption) });
  return found;
}

/** `encrypts its backups with the customer's KMS key …` */
export function encryptedBy({ keyOwner, kmsKeyId, kmsRegion }: BackupEncryption): string {
  if (keyOwner === undefined) return 'encrypts its backups';
  if (keyOwner === 'cloud') return "encrypts its backups with the cloud's own key";
  const where = kmsRegion === undefined ? '' : ` in ${kmsRegion}`;
  return `encrypts its backups with your KMS key ${kmsKeyId ?? '(not told which)'}${where}`;
}

/** Why this machine may not be able to download backups; undefined where nothing speaks against it. */
export function restrictionTrouble(
  { kind, vpcs }: DownloadRestriction,
  network: 'intranet' | 'extranet',
): string | undefined {
  // Inside, nothing here tells which of the networks this one is.
  if (kind === 'none' || network === 'intranet') return undefined;
  // Private networks are all that can be named (SDK, ModifyBackupDownloadRestriction); a list of addresses alone may let others in.
  if (kind === 'custom' && vpcs.length === 0) return undefined;
  const where = kind === 'custom' ? vpcs.join(', ') : "the cloud's intranet";
  return `the account's backups can be downloaded from ${where} only, and this machine is outside`;
}

export const RESTRICTION_HINT =
  'Console: instance, Backup and Restoration, Download Settings. Run inside the cloud, or set ARCHIVER_SOURCE_NETWORK=intranet where you are.';

/** In days, around the week; names that nobody knows count as no day. */
function longestGap(weekDays: readonly string[]): number {
  const places = DAYS.flatMap((day, index) =>
    weekDays.some((name) => name.toLowerCase() === day) ? [index] : [],
  );
  const [first = 0] = places;
  const gaps = places.map((place, index) => (places[index + 1] ?? first + DAYS.length) - place);
  return gaps.length === 0 ? 0 : Math.max(...gaps);
}
