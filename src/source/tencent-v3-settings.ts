/** What API 3.0 says of the settings of backups: one call each, and nothing changes. */
import type {
  AutomaticBackup,
  BackupEncryption,
  DownloadRestriction,
  InstanceSettings,
} from '../domain/backup-settings.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { ApiClient } from './api-client.ts';
import { verdictOf } from './api-errors.ts';
import { type Fields, listOf, numberOf, rowsOf, textOf } from './json-fields.ts';
import type { SettingsSource } from './source.ts';

const AUTOMATIC = 'DescribeAutoBackupConfig';
const ENCRYPTION = 'DescribeBackupEncryptConfig';
const RESTRICTION = 'DescribeBackupDownloadRestriction';

/** The cloud's words of `LimitType` (SDK, DescribeBackupDownloadRestrictionResponse). */
const KINDS: Readonly<Record<string, DownloadRestriction['kind']>> = {
  NoLimit: 'none',
  LimitOnlyIntranet: 'intranet-only',
  Customize: 'custom',
};

export function v3Settings(client: ApiClient, network: SettingsSource['network']): SettingsSource {
  /** Undefined where the cloud does not offer this to the instance, or has it no more; what concerns the account is thrown. */
  async function ask(action: string, instanceId: string, signal: AbortSignal): Promise<Fields | undefined> {
    try {
      return await client.call(action, { InstanceId: instanceId }, `of ${instanceId}`, signal);
    } catch (error) {
      const verdict = verdictOf(error) ?? '';
      if (!['gone', 'unsupported', 'not-ready', 'isolated', 'invalid'].includes(verdict)) throw error;
      return undefined;
    }
  }

  return {
    actions: { automatic: AUTOMATIC, encryption: ENCRYPTION, restriction: RESTRICTION },
    network,
    async ofInstance(instanceId, signal): Promise<InstanceSettings> {
      const automatic = await ask(AUTOMATIC, instanceId, signal);
      const encryption = await ask(ENCRYPTION, instanceId, signal);
      return {
        ...(automatic && { automatic: automaticOf(automatic) }),
        ...(encryption && { encryption: encryptionOf(encryption) }),
      };
    },
    async restriction(signal) {
      const data = await client.call(RESTRICTION, {}, 'of the account', signal);
      const kind = KINDS[textOf(data['LimitType'])];
      if (kind === undefined)
        throw new ArchiverError(
          'api-rejected',
          `${RESTRICTION}: the answer's LimitType is "${textOf(data['LimitType'])}", which this version does not know`,
        );
      return {
        kind,
        vpcs: rowsOf(data['LimitVpc']).flatMap((row) => textsOf(row['VpcList'])),
        addresses: textsOf(data['LimitIp']),
        notIn: textOf(data['IpComparisonSymbol']) === 'NotIn',
      };
    },
  };
}

function automaticOf(data: Fields): AutomaticBackup {
  const storageDays = numberOf(data['BackupStorageDays']);
  return { weekDays: textsOf(data['WeekDays']), ...(storageDays !== undefined && { storageDays }) };
}

function encryptionOf(data: Fields): BackupEncryption {
  const [kmsKeyId, kmsRegion] = [textOf(data['KmsKeyId']), textOf(data['KmsRegion'])];
  const owners = { 0: 'cloud', 1: 'customer' } as const;
  const type = numberOf(data['EncryptKeyType']);
  const encrypted = data['BackupEncrypt'] === true;
  return {
    encrypted,
    ...(encrypted && (type === 0 || type === 1) && { keyOwner: owners[type] }),
    ...(encrypted && kmsKeyId !== '' && { kmsKeyId }),
    ...(encrypted && kmsRegion !== '' && { kmsRegion }),
  };
}

function textsOf(value: unknown): string[] {
  return listOf(value)
    .map(textOf)
    .filter((text) => text !== '');
}
