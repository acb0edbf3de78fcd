/** The options that all commands share, and the configuration that they lead to. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Flags } from '../config/overlay.ts';
import type { Config } from '../config/schema.ts';
import type { Surroundings } from './surroundings.ts';

export function addCommonOptions(program: Command): Command {
  return program
    .option('--config <file>', 'configuration file (default: config/archiver.yaml, if it is there)')
    .option('--log-level <level>', 'debug, info, warn or error')
    .option('--log-format <format>', 'json lines, or pretty progress and tables (default: by terminal)');
}

/** The configuration in force. Its modules are loaded here and not above, so that `--help` need not wait for them. */
export async function configOf(
  command: Command,
  { env, cwd }: Pick<Surroundings, 'env' | 'cwd'>,
): Promise<Config> {
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig({ flags: flagsOf(command), env, cwd });
}

function flagsOf(command: Command): Flags {
  return command.optsWithGlobals<Flags>();
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}
