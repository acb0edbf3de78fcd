/** Why no connection came about, address by address: of a name that has several, one may be refused and another never answer. */

/** The error's own words, or where it stands for several (Node's `AggregateError`, whose message is empty) those of each. */
export function connectionWords(error: Error): string {
  const each = severalOf(error) ?? severalOf(error.cause);
  if (each === undefined) return error.message;
  return [...new Set(each.map(({ message }) => message))].join('; ');
}

function severalOf(error: unknown): Error[] | undefined {
  if (!(error instanceof Error) || !('errors' in error) || !Array.isArray(error.errors)) return undefined;
  const errors = error.errors.filter((one): one is Error => one instanceof Error);
  return errors.length === 0 ? undefined : errors;
}
