/** Errors on standard error: one message, one hint, no stack. */
import { CommanderError } from 'commander';
import { asArchiverError } from '../domain/errors.ts';
import { messageChain } from '../report/error-text.ts';
import { redact } from '../report/redact.ts';
import { EXIT } from './exit-codes.ts';
import type { Output } from './surroundings.ts';

/** Says what went wrong and gives the exit status it means. */
export function reportError(thrown: unknown, stderr: Output): number {
  // Commander has said it already; its own status for wrong usage is 1, which here means a bug.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  const error = asArchiverError(thrown);
  stderr.write(`rdb-archiver: ${messageChain(error)}\n  ${redact(error.hint)}\n`);
  return error.exit;
}
