/** `sandbox`: a stand-in of the cloud on a loopback port, until it is interrupted. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { exitSection, QUIET_CODES, SIGNAL_CODES } from '../exit-codes.ts';
import { parsePort } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';

export function addSandbox(program: Command, surroundings: Surroundings): void {
  const { stdout, stderr, signal, createSandbox } = surroundings;
  program
    .command('sandbox')
    .summary('stand in for the cloud on a loopback port')
    .description(
      'An embedded stand-in of the cloud on a loopback port, with real dumps. Runs until it is interrupted.',
    )
    .option('--port <port>', 'port to listen on; 0 takes a free one', parsePort, 0)
    .addHelpText('after', exitSection([...QUIET_CODES, ...SIGNAL_CODES]))
    .action(async ({ port }: { port: number }) => {
      const sandbox = await createSandbox({ port });
      try {
        stderr.write(
          `The sandbox listens on ${sandbox.url} (${sandbox.contents}). Point the archiver at it by:\n`,
        );
        for (const [name, value] of Object.entries(sandbox.environment))
          stdout.write(`export ${name}=${value}\n`);
        if (!signal.aborted) await once(signal, 'abort');
      } finally {
        await sandbox.close();
      }
    });
}
