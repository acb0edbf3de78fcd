/** `config`: the configuration in force, and the schema of its file. */
import { Argument, type Command } from 'commander';
import { exitSection, QUIET_CODES } from '../exit-codes.ts';
import { configOf } from '../options.ts';
import type { Surroundings } from '../surroundings.ts';

export function addConfig(program: Command, surroundings: Surroundings): void {
  program
    .command('config')
    .summary('show the configuration in force, or the schema of its file')
    .description("`show` prints the configuration in force, secrets hidden; `schema` the file's JSON Schema.")
    .addArgument(new Argument('<show|schema>', 'which of them').choices(['show', 'schema']))
    .addHelpText('after', exitSection(QUIET_CODES))
    .action(async (what: 'show' | 'schema', _options, command: Command) => {
      surroundings.stdout.write(what === 'schema' ? await schema() : await show(command, surroundings));
    });
}

async function schema(): Promise<string> {
  const { jsonSchema } = await import('../../config/json-schema.ts');
  return jsonSchema();
}

async function show(command: Command, surroundings: Surroundings): Promise<string> {
  const { showConfig } = await import('../../config/show.ts');
  const config = await configOf(command, surroundings);
  const inForce = await surroundings.describeDestination(config);
  return showConfig(config, { inForce, now: surroundings.clock.now() });
}
