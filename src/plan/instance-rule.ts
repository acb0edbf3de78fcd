/** Whether a rule is for an instance. */
import type { InstanceRule } from '../domain/instance-rule.ts';
import { matchesAny, type Named, selector } from './selection.ts';

/** The globs are compiled once. */
export function instanceRule(rule: InstanceRule): (source: string, instance: Named) => boolean {
  const fitsSource = rule.sources.length === 0 ? () => true : matchesAny(rule.sources);
  const fits = selector(rule);
  return (source, instance) => fitsSource(source) && fits(instance);
}
