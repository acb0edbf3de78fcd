/** The settings that say which instances a rule is for, the same for rules of every kind. */
import type { InstanceRule } from '../domain/instance-rule.ts';
import { patterns, setting } from './fields.ts';
import { sourceShape } from './settings.ts';

/** `names` and `tags`: what is particular about them in rules of this kind. */
export function instanceRuleShape(meaning: { readonly names: string; readonly tags: string }) {
  return {
    sources: setting(patterns('names of sources or globs').prefault([]), {
      meaning: 'For instances of these sources, by name or glob; of all where empty.',
    }),
    instances: setting(
      patterns('instance ids or globs').min(1, 'expected at least one id or glob').prefault(['*']),
      {
        meaning:
          'For these instances, by id or glob. The first rule that fits an instance is the one for it.',
      },
    ),
    exclude: setting(patterns('instance ids or globs').prefault([]), {
      meaning: 'Not for these instances, by id or glob.',
    }),
    names: setting(patterns('names or globs').prefault([]), { meaning: meaning.names }),
    tags: setting(sourceShape.tags.clone(), { meaning: meaning.tags }),
  };
}

/** Whether a rule takes every instance, so that none after it is ever asked. */
export function takesAll({ sources, instances, exclude, names, tags }: InstanceRule): boolean {
  return (
    (sources.length === 0 || sources.includes('*')) &&
    instances.includes('*') &&
    exclude.length === 0 &&
    names.length === 0 &&
    Object.keys(tags).length === 0
  );
}
