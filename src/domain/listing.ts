/** What a command that prints a table answers: rows, what could not be had, and the exit status that means. */

export interface Listing<Item> {
  readonly items: readonly Item[];
  /** Sentences for standard error: what could not be listed and what to do. */
  readonly problems: readonly { readonly message: string; readonly hint: string }[];
  readonly exitCode: number;
}
