/** Which retention rule is the one for an instance: the first that fits. */
import type { RetentionRule } from '../domain/retention.ts';
import { instanceRule } from '../plan/instance-rule.ts';
import type { Named } from '../plan/selection.ts';

/** What only a manifest tells of an instance. */
export type InstanceFacts = Pick<Named, 'name' | 'tags'>;

export interface RuleFinder {
  /**
   * The first rule that fits, or undefined where none does. `facts` is asked only where a rule by name or tags has to be tried, and at most once.
   */
  ruleFor(
    instance: { readonly source: string; readonly instanceId: string },
    facts: () => Promise<InstanceFacts>,
  ): Promise<RetentionRule | undefined>;
}

export function createRuleFinder(rules: readonly RetentionRule[]): RuleFinder {
  const compiled = rules.map((rule) => ({
    rule,
    fitsId: instanceRule({ ...rule, names: [], tags: {} }),
    fits: instanceRule(rule),
    needsFacts: rule.names.length > 0 || Object.keys(rule.tags).length > 0,
  }));

  return {
    async ruleFor({ source, instanceId: id }, facts) {
      let known: InstanceFacts | undefined;
      for (const { rule, fitsId, fits, needsFacts } of compiled) {
        if (!fitsId(source, { id, name: '', tags: {} })) continue;
        if (!needsFacts) return rule;
        known ??= await facts();
        if (fits(source, { id, name: known.name, tags: known.tags })) return rule;
      }
      return undefined;
    },
  };
}
