/** Where the keys come from that the store is asked with: the AWS SDK knows many places, and takes the first that has any. */
import { failing, passed } from '../../domain/check.ts';
import { explainS3Error } from '../s3/errors.ts';
import type { Probe } from './context.ts';

/** What the SDK notes of where keys came from (its `$source`), in words. */
const SOURCES: readonly (readonly [feature: RegExp, words: string])[] = [
  [/^CREDENTIALS_CODE$/, 'AWS_ACCESS_KEY_ID'],
  [/^CREDENTIALS_ENV_VARS$/, 'AWS_ACCESS_KEY_ID'],
  [/STS_WEB_ID_TOKEN$/, 'web identity: AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE'],
  [/^CREDENTIALS_HTTP$/, "the container's own service: AWS_CONTAINER_CREDENTIALS_…"],
  [/SSO/, 'single sign-on, by the shared AWS files'],
  [/PROCESS$/, 'a program, by the shared AWS files'],
  [/LOGIN$/, 'a login, by the shared AWS files'],
  [/PROFILE/, 'the shared AWS files'],
];

/** Which of the sources the keys come from, and no more of them than that. */
export const probeCredentials: Probe = async ({ bucket }) => {
  try {
    const keys: Keys = await bucket.client.config.credentials();
    const from = sourceOf(keys);
    const until = keys.expiration?.toISOString();
    const detail = `from ${from}${until === undefined ? '' : `, valid until ${until}`}`;
    return { finding: passed('credentials', detail, { from, ...(until !== undefined && { until }) }) };
  } catch (error) {
    const { code, message } = explainS3Error(error, 'find keys for the destination');
    // Who refuses here is not the store, and what it would grant is of no help.
    const hint =
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give the pod a role, or see to the role or profile that they were to come from.';
    return { finding: failing('credentials', { code, message, hint }) };
  }
};

interface Keys {
  readonly expiration?: Date;
  readonly $source?: object;
}

function sourceOf({ $source = {} }: Keys): string {
  const features = Object.keys($source);
  const found = SOURCES.find(([feature]) => features.some((name) => feature.test(name)));
  const role = features.some((name) => /STS_ASSUME_ROLE$/.test(name)) ? ', with a role assumed' : '';
  // The last of the chain, and the only one of which the SDK notes nothing (3.1173).
  return `${found?.[1] ?? "the machine's role"}${role}`;
}
