/** What a bucket can be called, and what its address must not say twice. */
import { isMapping } from './file.ts';
import type { Layered } from './overlay.ts';
import { type Problem, shown } from './problems.ts';
import { destinationShape } from './settings.ts';

/** S3's rules, which COS, OSS, R2 and B2 share: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const NAME = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/** Looks at what was written, so it works while other settings are wrong. */
export function checkBucket({ raw, where }: Layered, problems: Problem[]): void {
  const destination = isMapping(raw['destination']) ? raw['destination'] : {};
  const place = destinationShape.url.safeParse(destination['url']).data;
  if (place?.kind !== 's3') return;
  const { bucket } = place;
  // Buckets of AWS from before 2018 and some gateways have other names, which no host name can hold: only a path can.
  if ((!NAME.test(bucket) || IPV4.test(bucket)) && destination['forcePathStyle'] !== true) {
    const what = `expected a bucket's name of 3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit at both ends, and no address, got ${shown(bucket)}; where the store does have a bucket of another form, say so by \`forcePathStyle: true\` (ARCHIVER_S3_FORCE_PATH_STYLE)`;
    problems.push({ where: where(['destination', 'url']), what });
  }
  const endpoint = destinationShape.endpoint.safeParse(destination['endpoint']).data;
  if (endpoint !== undefined && URL.parse(endpoint)?.pathname.endsWith(`/${bucket}`)) {
    const what = `expected the address of the store without the bucket, which \`destination.url\` names already, got ${shown(endpoint)}`;
    problems.push({ where: where(['destination', 'endpoint']), what });
  }
}
