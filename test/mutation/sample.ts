/** For Stryker: of very many mutants takes a share by chance, from a seed. Where no share is asked for, all of them. */
import { createHash } from 'node:crypto';

/** As much of Stryker's mutant as is needed. Lines and columns from 0. */
export interface Mutant {
  readonly id: string;
  readonly fileName: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

interface Place {
  readonly line: number;
  readonly column: number;
}

type Verdict = { readonly status: 'passed' } | { readonly status: 'compileError'; readonly reason: string };

const share = Number(process.env['MUTATION_SAMPLE'] ?? 1);
const seed = process.env['MUTATION_SEED'] ?? '1';

/** The same mutant falls out the same way for the same seed, whatever else is mutated. */
export function isTaken({
  fileName,
  mutatorName,
  replacement,
  location: { start, end },
}: Omit<Mutant, 'id'>): boolean {
  const name = fileName.slice(fileName.lastIndexOf('src/'));
  const place = [start.line, start.column, end.line, end.column];
  const words = JSON.stringify([seed, name, mutatorName, replacement, ...place]);
  return createHash('sha256').update(words).digest().readUInt32BE() / 2 ** 32 < share;
}

/** A mutant that did not compile counts for nothing, which is what a mutant outside the sample should do. */
class Sample {
  async init(): Promise<void> {}

  async check(mutants: readonly Mutant[]): Promise<Record<string, Verdict>> {
    const verdicts = mutants.map((mutant): [string, Verdict] => [
      mutant.id,
      isTaken(mutant) ? { status: 'passed' } : { status: 'compileError', reason: 'not in the sample' },
    ]);
    return Object.fromEntries(verdicts);
  }

  async group(mutants: readonly Mutant[]): Promise<string[][]> {
    return [mutants.map(({ id }) => id)];
  }
}

export const strykerPlugins = [{ kind: 'Checker', name: 'sample', injectableClass: Sample }];
