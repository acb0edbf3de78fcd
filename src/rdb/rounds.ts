/** How many rounds each of the loops has left that the walk is in. */

/** Stream, group, consumer, entry. */
const DEEPEST = 4;

export class Rounds {
  readonly #left = new Float64Array(DEEPEST);
  #depth = 0;

  begin(rounds: number): void {
    this.#left[this.#depth++] = rounds;
  }

  /** A round of the innermost loop has ended: whether there is another, else the loop is over. */
  again(): boolean {
    const left = (this.#left[this.#depth - 1] as number) - 1;
    this.#left[this.#depth - 1] = left;
    if (left > 0) return true;
    this.#depth--;
    return false;
  }
}
