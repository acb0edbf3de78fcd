/** Hands a dump to the census in pieces, as a download does: one buffer, used again for each piece. */
import type { Census } from '../../src/domain/census.ts';
import { censusTap } from '../../src/rdb/census.ts';

/** When the tests' dumps are looked at, in milliseconds since the epoch. */
export const NOW = Date.parse('2026-11-24T03:00:00Z');

export interface CensusChoice {
  /** Where the pieces end; one piece where absent. */
  readonly cuts?: readonly number[];
  readonly asOf?: number;
  readonly top?: number;
}

export function censusOf(file: Uint8Array, { cuts = [], asOf = NOW, top = 10 }: CensusChoice = {}): Census {
  const tap = censusTap({ asOf, top });
  const inside = cuts.filter((cut) => cut <= file.length).sort((left, right) => left - right);
  const borders = [0, ...inside, file.length];
  const reused = new Uint8Array(file.length);
  for (const [index, start] of borders.slice(0, -1).entries()) {
    const piece = file.subarray(start, borders[index + 1]);
    reused.set(piece);
    tap.update(reused.subarray(0, piece.length));
    // Whoever kept a view of it instead of what is in it will show.
    reused.fill(0xee, 0, piece.length);
  }
  return tap.result();
}

/** Cuts after every so many bytes. */
export function every(size: number, length: number): number[] {
  return Array.from({ length: Math.floor(length / size) }, (_, index) => (index + 1) * size);
}
