/** `backup`: has the cloud make a backup now, and archives it. */
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../config/units.ts';
import { exitSection, WORKING_CODES } from '../exit-codes.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withApp } from '../with-app.ts';

interface BackupOptions {
  readonly storageDays?: number;
  readonly remark?: string;
  readonly source?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

const TWO_HOURS_MS = 2 * 3_600_000;

/** The documented range of StorageDays (ManualBackupInstance); more than seven take a ticket. */
const MOST_DAYS = 1825;

export function addBackup(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  program
    .command('backup')
    .summary('have the cloud make a backup now, and archive it')
    .description(
      'Have the cloud make a backup now, wait until it is ready, and archive it. Changes the state of the cloud, so it takes allowBackupRequests in the configuration. The order is given once, whatever comes of it.',
    )
    .argument('<instance>', 'its id, for instance crs-abcd1234')
    .option('--storage-days <n>', 'so many days the cloud keeps it (default: as automatic ones)', daysOf)
    .option('--remark <text>', "what the cloud's console shows of it (default: the id of this run)")
    .option('--source <name>', 'the source to look in, where several have an instance of this id')
    .option('--timeout <time>', 'how long to wait until it is ready (default: 2h)', timeOf, TWO_HOURS_MS)
    .option('--inspect', 'count the keys of each dump on its way, for its manifest')
    .addHelpText('after', exitSection(WORKING_CODES))
    .action(async (instanceId: string, options: BackupOptions, command: Command) => {
      const { storageDays, remark, source, timeout: timeoutMs } = options;
      const request = {
        instanceId,
        timeoutMs,
        signal: surroundings.signal,
        ...(storageDays !== undefined && { storageDays }),
        ...(remark !== undefined && { remark }),
        ...(source !== undefined && { source }),
      };
      const config = await configOf(command, surroundings);
      const { exitCode } = await withApp(config, surroundings, (app) => app.backup(request));
      finish(exitCode);
    });
}

function daysOf(text: string): number {
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1 || days > MOST_DAYS)
    throw new InvalidArgumentError(`A number of days is from 1 to ${MOST_DAYS}.`);
  return days;
}

function timeOf(text: string): number {
  const time = parseDuration(text);
  if (time === undefined || time <= 0) throw new InvalidArgumentError('A time is written 2h, 90m or 300s.');
  return time;
}
