/** Regions that this version does not know: the list can never be complete, so one is told and not refused. */
import { type Finding, warned } from '../domain/check.ts';
import { isKnownRegion } from '../domain/regions.ts';

/** One finding for each unknown one; `suggest` gives `; did you mean X?`, or nothing. */
export function checkRegions(regions: readonly string[], suggest: (name: string) => string): Finding[] {
  return [...new Set(regions)]
    .filter((region) => !isKnownRegion(region))
    .map((region) =>
      warned(
        'region',
        `${region} is none of the regions that this version knows${suggest(region)}`,
        'Is it spelled as the cloud spells it? A region newer than this version works all the same.',
        { region },
      ),
    );
}
