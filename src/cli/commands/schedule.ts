/** `schedule`: stay up, run on time, and answer whoever asks how it goes. */
import type { Command } from 'commander';
import { EXIT, exitSection, SIGNAL_CODES } from '../exit-codes.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';
import { withApp } from '../with-app.ts';

export function addSchedule(program: Command, surroundings: Surroundings): void {
  const { clock, signal, version } = surroundings;
  program
    .command('schedule')
    .summary('stay up and run on the configured schedule')
    .description(
      'Stay up, run on the configured schedule, and serve /healthz, /readyz, /metrics and a page. A run that fails is told and ends nothing; the next tick is the retry.',
    )
    .addHelpText('after', exitSection([EXIT.bug, EXIT.usage, ...SIGNAL_CODES]))
    .action(async (_options, command: Command) => {
      const config = await configOf(command, surroundings);
      const { createDaemon } = await import('../../daemon/daemon.ts');
      const daemon = createDaemon({ config, clock, version });
      await withApp(config, surroundings, (app, observer) => daemon.run({ app, observer, signal }), [
        daemon.observer,
      ]);
    });
}
