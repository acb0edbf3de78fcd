/** What the rules about object lock and storage classes must not contradict: the destination, and each other. */
import { isMapping } from './file.ts';
import { takesAll } from './instance-rule.ts';
import type { Layered } from './overlay.ts';
import type { Problem } from './problems.ts';
import { destinationShape } from './settings.ts';
import { objectLockSchema, storageClassesSchema } from './storage-settings.ts';

const LISTS = { objectLock: objectLockSchema, storageClasses: storageClassesSchema } as const;

/** Looks at what was written, so it works while other settings are wrong. */
export function checkStorage({ raw, where }: Layered, problems: Problem[]): void {
  const destination = isMapping(raw['destination']) ? raw['destination'] : {};
  const isFolder = destinationShape.url.safeParse(destination['url']).data?.kind === 'file';
  const inFolder = 'means nothing for a folder; it takes a destination of s3://';
  if (isFolder && destination['storageClass'] !== undefined)
    problems.push({ where: where(['destination', 'storageClass']), what: inFolder });
  for (const [name, schema] of Object.entries(LISTS)) {
    const rules: unknown = raw[name];
    if (!Array.isArray(rules) || rules.length === 0) continue;
    if (isFolder) problems.push({ where: where([name]), what: inFolder });
    const all = rules.findIndex((rule) => {
      const parsed = schema.safeParse(rule).data;
      return parsed !== undefined && takesAll(parsed);
    });
    if (all === -1 || all === rules.length - 1) continue;
    const what = `is never asked: rule ${all + 1} takes every instance; put that one last`;
    problems.push({ where: where([name, all + 1]), what });
  }
}
