/** `run`: one pass over everything configured. */
import type { Command } from 'commander';
import { exitSection, WORKING_CODES } from '../exit-codes.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withApp } from '../with-app.ts';

export function addRun(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  program
    .command('run')
    .summary('archive everything that is due, then exit')
    .description('One pass over everything configured, then exit: what a CronJob runs.')
    .option('--inspect', 'count the keys of each dump on its way, for its manifest')
    .addHelpText('after', exitSection(WORKING_CODES))
    .action(async (_options, command: Command) => {
      const config = await configOf(command, surroundings);
      const { exitCode } = await withApp(config, surroundings, (app) =>
        app.run({ signal: surroundings.signal }),
      );
      finish(exitCode);
    });
}
