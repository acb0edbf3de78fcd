/** What API 3.0 of the sandbox does when it is told to. */
import { refuse } from './api-context.ts';
import { integer, text } from './parameters.ts';
import { type Action, requireInstance } from './v3-call.ts';

/** Documented for StorageDays. */
const MOST_DAYS = 1825;

export const V3_ORDERS: Readonly<Record<string, Action>> = {
  ManualBackupInstance: {
    parameters: ['InstanceId', 'Remark', 'StorageDays'],
    answer({ context, parameters, region }) {
      const id = text(parameters, 'InstanceId');
      if (!id) refuse('MissingParameter', 'InstanceId is required');
      const instance = requireInstance(context.world.instances(region).find((one) => one.id === id));
      if (instance.status !== 2)
        refuse('ResourceUnavailable.InstanceStatusError', 'the instance is not running');
      const storageDays = integer(parameters, 'StorageDays');
      if (storageDays !== undefined && (storageDays < 0 || storageDays > MOST_DAYS))
        refuse('InvalidParameterValue', `StorageDays: expected 0 to ${MOST_DAYS}`);
      context.world.orderBackup(id, {
        remark: text(parameters, 'Remark') ?? '',
        ...(storageDays !== undefined && { storageDays }),
        milliseconds: context.exportMs,
      });
      return { TaskId: 7001 };
    },
  },
};
