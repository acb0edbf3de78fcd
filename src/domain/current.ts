/** What may be exchanged while we run, as the keys in a mounted Secret are: asked for at each use, and kept by nobody. */

/** The value in force. It stays the same object for as long as nothing else was put in its place. */
export type Current<Value> = () => Value;

/** What nobody exchanges. */
export function fixed<Value>(value: Value): Current<Value> {
  return () => value;
}

/**
 * Does the work with the value in force. Where it fails in a way that another value may mend, and another one is in force by then, it is done once
 * more with that: keys may lapse while their file already holds the next ones.
 */
export async function withCurrent<Value, Result>(
  current: Current<Value | Promise<Value>>,
  work: (value: Value) => Promise<Result>,
  mayMend: (error: unknown) => boolean,
): Promise<Result> {
  const used = await current();
  try {
    return await work(used);
  } catch (error) {
    const next = mayMend(error) ? await current() : used;
    if (next === used) throw error;
    return work(next);
  }
}
