/** Several works that succeed or fail as one: the first failure ends the others, and is told only when all have settled. */

/** `begin` starts the works with a signal that is aborted by the caller's or by the first failure. Rejects with the first failure. */
export async function allOrFirstError<Result>(
  signal: AbortSignal,
  begin: (signal: AbortSignal) => readonly Promise<Result>[],
): Promise<Result[]> {
  const siblings = new AbortController();
  let failed = false;
  let firstError: unknown;
  const works = begin(AbortSignal.any([signal, siblings.signal])).map(async (work) => {
    try {
      return await work;
    } catch (error) {
      if (!failed) [failed, firstError] = [true, error];
      siblings.abort(error);
      throw error;
    }
  });
  const settled = await Promise.allSettled(works);
  if (failed) throw firstError;
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
