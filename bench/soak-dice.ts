/** For `bench/soak.ts`: chance from a seed, so that a run that failed can be had again. */

export interface Dice {
  /** In [0, 1). */
  next(): number;
  /** A whole number, both ends included. */
  between(lowest: number, highest: number): number;
  /** As often near the lower end as near the upper one, on a logarithmic scale. */
  spread(lowest: number, highest: number): number;
  chance(probability: number): boolean;
  oneOf<T>(choices: readonly T[]): T;
}

/** The same words, the same throws: each round has dice of its own, whatever the round before took. */
export function diceOf(...words: readonly (string | number)[]): Dice {
  let state = hash(words.join('/'));

  /** mulberry32 */
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const between = (lowest: number, highest: number): number =>
    lowest + Math.floor(next() * (highest - lowest + 1));

  return {
    next,
    between,
    spread: (lowest, highest) => Math.floor(lowest * (highest / lowest) ** next()),
    chance: (probability) => next() < probability,
    oneOf(choices) {
      const choice = choices[between(0, choices.length - 1)];
      if (choice === undefined) throw new RangeError('nothing to choose from');
      return choice;
    },
  };
}

/** FNV-1a */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value;
}
