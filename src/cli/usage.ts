/** What the parser of arguments says of a wrong command line, in the form of every other error: the program's name, the reason, and where help is. */
import { type Command, Option } from 'commander';
import { ArchiverError } from '../domain/errors.ts';

/** `error: unknown option '--jsn'\n(Did you mean --json?)` as a line of ours. */
export function usageError(text: string): string {
  return text
    .replace(/^error: /, 'rdb-archiver: ')
    .replace(/\n\(Did you mean (.*)\?\)/, '; did you mean $1?');
}

/** Has every command name its own help below an error. To be called when all commands are there: the parser lets each inherit only what was set before. */
export function pointToHelp(program: Command): void {
  program.showHelpAfterError(`  See \`${program.name()} --help\`.`);
  for (const command of program.commands)
    command.showHelpAfterError(`  See \`${program.name()} ${command.name()} --help\`.`);
}

/** Answers `--dry-run`, which other tools have, with the way to see beforehand what this command would do. */
export function refuseDryRun(command: Command, instead: string): Command {
  return command.addOption(new Option('--dry-run').hideHelp()).on('option:dry-run', () => {
    throw new ArchiverError('usage', `${command.name()} has no --dry-run`, { hint: instead });
  });
}
