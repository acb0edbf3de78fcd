/** Got's promises hold a whole answer in memory, however long it is: here is where one that goes on is ended, for every client that asks for keys. */

/** As much as is asked of got's own promise. */
interface Asked<Answer> extends PromiseLike<Answer> {
  on(event: 'downloadProgress', listener: (progress: { readonly transferred: number }) => void): unknown;
}

/** A document of keys takes 2 KB. */
const LIMIT = 256 * 1024;

/** What `send` answers. Rejects as it does, or with got's error of an aborted request where the answer is no short one. */
export async function shortAnswer<Answer>(
  signal: AbortSignal,
  send: (signal: AbortSignal) => Asked<Answer>,
): Promise<Answer> {
  const tooLong = new AbortController();
  const asked = send(AbortSignal.any([signal, tooLong.signal]));
  asked.on('downloadProgress', ({ transferred }) => {
    if (transferred > LIMIT) tooLong.abort(new Error('the answer does not end'));
  });
  return asked;
}
