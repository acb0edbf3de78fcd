/** An error as a report may show it: code, message with its causes, hint; never the raw objects behind it. */
import type { ArchiverError } from '../domain/errors.ts';
import type { OutcomeError } from '../domain/outcome.ts';
import { tidyMessage } from '../domain/outside-text.ts';
import { redact } from './redact.ts';

/** Deeper chains repeat themselves. */
const LONGEST_CHAIN = 5;

export function errorText(error: ArchiverError): OutcomeError {
  return { code: error.code, message: messageChain(error), hint: redact(error.hint) };
}

/** `what failed: because: because`, each cause once. */
export function messageChain(error: Error): string {
  let text = error.message;
  let cause = error.cause;
  for (let depth = 0; depth < LONGEST_CHAIN && cause instanceof Error; depth++) {
    const why = tidyMessage(cause.message);
    if (why !== '' && !text.includes(why)) text += `: ${why}`;
    cause = cause.cause;
  }
  return redact(text);
}
