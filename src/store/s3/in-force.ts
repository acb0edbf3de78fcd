/** The destination as it is in force, for people and programs: what the SDK itself says that it goes by, and whose setting that is. */
import type { CheckFacts } from '../../domain/check.ts';
import type { Bucket, S3ClientOptions } from './client.ts';

/** No secret is in it. Rejects with an `ArchiverError` where there is no address, for want of a region. */
export async function destinationInForce(
  { address, client: { config }, profile }: Bucket,
  { toldBy, agents }: Pick<S3ClientOptions, 'toldBy' | 'agents'>,
): Promise<CheckFacts> {
  const { server, bucket, bucketInPath } = await address();
  return {
    endpoint: server,
    endpointBy: toldBy?.endpoint ?? '',
    address: bucket,
    pathStyle: bucketInPath,
    region: await config.region(),
    regionBy: toldBy?.region ?? '',
    profile: profile.name,
    fips: await config.useFipsEndpoint(),
    dualStack: await config.useDualstackEndpoint(),
    proxy: agents.proxyFor?.(bucket) ?? 'none',
    requestChecksums: await config.requestChecksumCalculation(),
    responseChecksums: await config.responseChecksumValidation(),
    attempts: await config.maxAttempts(),
  };
}
