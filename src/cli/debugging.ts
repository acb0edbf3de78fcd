/** Node's own debugging, which prints what passes its HTTP client whole: Authorization headers, tokens, the addresses of webhooks. */
import { ArchiverError } from '../domain/errors.ts';

/**
 * Throws `config` where `NODE_DEBUG` is set. Node has read it before the first line of ours runs, so taking it out of the environment
 * silences nothing (24.21). Whatever its value: `http`, `net`, `stream` and `*` print requests, and who wants the others does not want them here.
 */
export function refuseNodeDebug({ NODE_DEBUG: sections = '' }: Record<string, string | undefined>): void {
  if (sections === '') return;
  throw new ArchiverError(
    'config',
    'NODE_DEBUG is set, by which Node prints every request with its keys and tokens',
    {
      hint: 'Unset it; ARCHIVER_LOG_LEVEL=debug tells what the program does without them. The container image unsets it by itself.',
    },
  );
}
