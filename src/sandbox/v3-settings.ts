/** What API 3.0 of the sandbox says of the settings of backups. */
import { refuse } from './api-context.ts';
import { text } from './parameters.ts';
import { type Action, type Call, requireInstance } from './v3-call.ts';
import type { SandboxInstance } from './world.ts';

export const V3_SETTINGS: Readonly<Record<string, Action>> = {
  DescribeAutoBackupConfig: {
    parameters: ['InstanceId'],
    answer(call) {
      const { backupDays, storageDays } = listed(call);
      return {
        AutoBackupType: 1,
        WeekDays: backupDays,
        TimePeriod: '02:00-03:00',
        BackupStorageDays: storageDays,
        BinlogStorageDays: 7,
      };
    },
  },
  DescribeBackupEncryptConfig: {
    parameters: ['InstanceId'],
    answer(call) {
      const { encrypts, region } = listed(call);
      const kmsKeyId = encrypts === false ? undefined : encrypts.kmsKeyId;
      return {
        BackupEncrypt: encrypts !== false,
        EncryptKeyType: kmsKeyId === undefined ? 0 : 1,
        KmsKeyId: kmsKeyId ?? '',
        KmsRegion: kmsKeyId === undefined ? '' : region,
      };
    },
  },
  DescribeBackupDownloadRestriction: {
    parameters: [],
    answer({ context, region }) {
      const { LimitType, vpcs = [], addresses = [] } = context.world.restriction;
      return {
        LimitType,
        VpcComparisonSymbol: 'In',
        IpComparisonSymbol: 'In',
        LimitVpc: vpcs.length > 0 ? [{ Region: region, VpcList: vpcs }] : null,
        LimitIp: addresses.length > 0 ? addresses : null,
      };
    },
  },
};

/** Not of one that was removed. */
function listed({ context, parameters, region }: Call): SandboxInstance {
  const id = text(parameters, 'InstanceId');
  if (!id) refuse('MissingParameter', 'InstanceId is required');
  return requireInstance(context.world.instances(region).find((instance) => instance.id === id));
}
