/** `help` and `version`: what `--help` and `--version` print, for those who take them for commands. */
import type { Command } from 'commander';
import { exitSection, QUIET_CODES } from '../exit-codes.ts';
import type { Surroundings } from '../surroundings.ts';

/** `help [COMMAND]`; what follows a command's name (`help list archives`) changes nothing. */
export function addHelp(program: Command): void {
  program
    .command('help')
    .summary('show this help, or that of a command')
    .description('What `rdb-archiver --help` prints, or `rdb-archiver COMMAND --help`.')
    .argument('[command]', 'which command')
    .allowExcessArguments()
    .addHelpText('after', exitSection(QUIET_CODES))
    .action((name: string | undefined) => {
      if (name === undefined) program.help();
      const named = program.commands.find((command) => command.name() === name);
      if (named === undefined) program.error(`error: unknown command '${name}'`);
      named.help();
    });
}

export function addVersion(program: Command, { stdout, version }: Surroundings): void {
  program
    .command('version')
    .summary('print the version')
    .description('What `rdb-archiver --version` prints.')
    .addHelpText('after', exitSection(QUIET_CODES))
    .action(() => stdout.write(`${version}\n`));
}
