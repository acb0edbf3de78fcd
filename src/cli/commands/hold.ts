/** `hold` and `release`: a person's word that `expire` must leave an archive alone, and its end. */

import type { Command } from 'commander';
import { ArchiverError } from '../../domain/errors.ts';
import { printable } from '../../domain/outside-text.ts';
import type { HoldItem } from '../../expire/report.ts';
import { readable } from '../../report/amounts.ts';
import type { Column } from '../../report/terminal/table.ts';
import { ARCHIVE_CODES, EXIT, exitSection } from '../exit-codes.ts';
import { printListing, sourceColumn } from '../listing.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withQuietApp } from '../with-app.ts';

interface HoldOptions {
  readonly reason?: string;
  readonly by?: string;
  readonly source?: string;
  readonly json?: boolean;
}

export function addHold(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  addWord('hold', program, surroundings, finish)
    .summary('keep an archive whatever the retention says')
    .description(
      'An archive that expire must never take, with the reason. Without a backup it lists what is held.',
    );
}

export function addRelease(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  addWord('release', program, surroundings, finish)
    .summary('let the retention have a held archive again')
    .description('Ends a hold. Who held and who released it, when and why, stays on record.');
}

function addWord(
  action: 'hold' | 'release',
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): Command {
  const command = program.command(action);
  const names = action === 'hold' ? ['[instance]', '[backup]'] : ['<instance>', '<backup>'];
  return command
    .argument(names[0] ?? '', 'the instance, by id')
    .argument(names[1] ?? '', 'the backup, by id, or `latest`')
    .option('--reason <text>', 'why; must be given, and is kept beside the archive')
    .option('--by <name>', 'who says so')
    .option('--source <name>', 'the source, where several have the instance')
    .option('--json', 'one JSON document instead of text')
    .addHelpText('after', exitSection(ARCHIVE_CODES))
    .action(
      async (
        instanceId: string | undefined,
        backupId: string | undefined,
        options: HoldOptions,
        called: Command,
      ) => {
        if (instanceId === undefined || backupId === undefined)
          await list(instanceId, options, called, surroundings);
        else await say(action, { instanceId, backupId }, options, called, surroundings);
        finish(EXIT.done);
      },
    );
}

async function say(
  action: 'hold' | 'release',
  archive: { readonly instanceId: string; readonly backupId: string },
  { reason = '', by, source, json = false }: HoldOptions,
  command: Command,
  surroundings: Surroundings,
): Promise<void> {
  if (reason.trim() === '')
    throw new ArchiverError('usage', `${action} needs a reason`, {
      hint: 'Say it with --reason "…"; whoever finds the archive in a year will ask.',
    });
  const request = {
    action,
    ...archive,
    reason: reason.trim(),
    signal: surroundings.signal,
    ...(by !== undefined && { by }),
    ...(source !== undefined && { source }),
  };
  const config = await configOf(command, surroundings);
  const item = await withQuietApp(config, surroundings, (app) => app.hold(request));
  if (json) printListing({ items: [item], problems: [], exitCode: 0 }, form(json, [item]), surroundings);
  else surroundings.stdout.write(`${done(item)}\n`);
}

function done({ held, instanceId, backupId, startedAt, reason }: HoldItem): string {
  const what = `backup ${backupId} of ${instanceId}, started ${readable(startedAt)} UTC`;
  return printable(`${held ? 'held' : 'released'}: ${what}: ${reason}`);
}

async function list(
  instanceId: string | undefined,
  { reason, by, source, json = false }: HoldOptions,
  command: Command,
  surroundings: Surroundings,
): Promise<void> {
  // Else somebody who has forgotten the backup would think that it is held.
  if ([reason, by, source].some((word) => word !== undefined))
    throw new ArchiverError('usage', 'which backup is to be held is not said', {
      hint: `Say it by its id, or \`latest\`: rdb-archiver hold ${instanceId ?? 'INSTANCE'} latest --reason "…"`,
    });
  const choice = { signal: surroundings.signal, ...(instanceId !== undefined && { instanceId }) };
  const config = await configOf(command, surroundings);
  const items = await withQuietApp(config, surroundings, (app) => app.listHolds(choice));
  printListing({ items, problems: [], exitCode: 0 }, form(json, items), surroundings);
}

function form(json: boolean, items: readonly HoldItem[]) {
  return {
    name: 'hold',
    columns: [...sourceColumn(items), ...columns],
    json,
    empty: 'No archive is held.',
  };
}

const columns: readonly Column<HoldItem>[] = [
  { title: 'INSTANCE', value: ({ instanceId }) => instanceId },
  { title: 'BACKUP', value: ({ backupId }) => backupId },
  { title: 'STARTED (UTC)', value: ({ startedAt }) => readable(startedAt) },
  { title: 'SINCE', value: ({ at }) => at.slice(0, 10) },
  { title: 'REASON', value: ({ reason }) => reason, flexible: true },
  { title: 'BY', value: ({ by }) => by ?? '', flexible: true, optional: true },
];
