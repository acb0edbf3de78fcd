/** Which instances a source is to archive: ids or globs, exclusions, names and tags. */
import picomatch from 'picomatch';
import type { Instance } from '../domain/instance.ts';

export interface Selection {
  /** Ids or globs; one of them must match. */
  readonly instances: readonly string[];
  /** Ids or globs; none of them may match. */
  readonly exclude: readonly string[];
  /** Globs over the instance's name; one must match, where there are any. */
  readonly names: readonly string[];
  /** All of them must be there; a value is a glob. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What `run` takes when nothing is configured. */
export const EVERYTHING: Selection = { instances: ['*'], exclude: [], names: [], tags: {} };

/** What an instance is chosen by. */
export type Named = Pick<Instance, 'id' | 'name' | 'tags'>;

/** A test of one instance; the globs are compiled once. */
export function selector(selection: Selection): (instance: Named) => boolean {
  const byId = matchesAny(selection.instances);
  const excluded = matchesAny(selection.exclude);
  const byName = selection.names.length > 0 ? matchesAny(selection.names) : () => true;
  const byTag = Object.entries(selection.tags).map(([key, glob]) => ({ key, matches: matchesAny([glob]) }));

  return (instance) =>
    byId(instance.id) &&
    !excluded(instance.id) &&
    byName(instance.name) &&
    byTag.every(({ key, matches }) => {
      const value = instance.tags[key];
      return value !== undefined && matches(value);
    });
}

/** A test whether one of the globs matches. Picomatch thinks of paths: to it `*` is neither nothing nor `..`, and an empty glob a mistake. */
export function matchesAny(globs: readonly string[]): (text: string) => boolean {
  if (globs.includes('*')) return () => true;
  const matches = globs.filter((glob) => glob !== '').map((glob) => picomatch(glob, GLOB_OPTIONS));
  return (text) => globs.includes(text) || matches.some((fits) => fits(text));
}

/** The ids that the selection names outright; one that the cloud does not know is a mistake worth telling. */
export function literalIds(selection: Selection): string[] {
  return selection.instances.filter(isLiteral);
}

/** The only ids to ask the cloud for, or undefined when it takes the whole region to find out. */
export function idsToList(selection: Selection): string[] | undefined {
  return selection.instances.every(isLiteral) ? [...selection.instances] : undefined;
}

/** Ids and names hold slashes and dots like any other character: they are no paths. */
const GLOB_OPTIONS = { dot: true, bash: true } as const;

function isLiteral(pattern: string): boolean {
  return !/[*?[\]{}()!+@\\]/.test(pattern);
}
