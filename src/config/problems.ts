/** What is wrong with a configuration: collected, worded alike, reported all at once. */
import { distance } from 'fastest-levenshtein';
import { ArchiverError } from '../domain/errors.ts';

/** Where it stands (a variable, a flag, a file's line and key) and what is wrong there. */
export interface Problem {
  readonly where: string;
  readonly what: string;
}

/** One error that names every problem once. */
export function configurationError(problems: readonly Problem[]): ArchiverError {
  const lines = [...new Set(problems.map(({ where, what }) => `${where}: ${what}`))];
  const title =
    lines.length === 1 ? 'the configuration has a problem' : `the configuration has ${lines.length} problems`;
  return new ArchiverError('config', [title, ...lines.map((line) => `  ${line}`)].join('\n'), {
    hint: 'Every setting is described in docs/configuration.md.',
  });
}

const LONGEST_SHOWN = 60;

/** A value as a message may show it: short, and without the password that an address can hold. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  const safe = value
    .replace(/\/\/[^/]*@/, '//[redacted]@')
    .replace(/\?.*$/s, '?[redacted]')
    // A private key of age in the place of the public one.
    .replace(/(AGE-SECRET-KEY-).*$/is, '$1[redacted]');
  return JSON.stringify(safe.length > LONGEST_SHOWN ? `${safe.slice(0, LONGEST_SHOWN)}…` : safe);
}

/** `; did you mean X?`, or nothing where no candidate is near. */
export function suggestion(name: string, candidates: Iterable<string>): string {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '');
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const steps = distance(plain(name), plain(candidate));
    if (steps < least) {
      best = candidate;
      least = steps;
    }
  }
  return best === undefined ? '' : `; did you mean ${best}?`;
}
