/** `archive`: one backup now, whatever the filters say. */
import type { Command } from 'commander';
import { exitSection, WORKING_CODES } from '../exit-codes.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withApp } from '../with-app.ts';

export function addArchive(
  program: Command,
  surroundings: Surroundings,
  finish: (code: number) => void,
): void {
  program
    .command('archive')
    .summary('archive one backup now')
    .description('Archive one backup now. The configured filters do not apply.')
    .argument('<instance>', 'its id, for instance crs-abcd1234')
    .argument('[backup]', 'its id, or `latest`: the newest that can be had', 'latest')
    .option('--source <name>', 'the source to look in, where several have an instance of this id')
    .option('--inspect', 'count the keys of each dump on its way, for its manifest')
    .addHelpText('after', exitSection(WORKING_CODES))
    .action(
      async (instanceId: string, backupId: string, { source }: { source?: string }, command: Command) => {
        const request = {
          instanceId,
          backupId,
          signal: surroundings.signal,
          ...(source === undefined ? {} : { source }),
        };
        const config = await configOf(command, surroundings);
        const { exitCode } = await withApp(config, surroundings, (app) => app.archive(request));
        finish(exitCode);
      },
    );
}
