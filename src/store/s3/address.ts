/** The address of a bucket as it stands on the wire: what the SDK makes of endpoint, region and bucket, asked of the SDK itself. */
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { getEndpointFromInstructions } from '@smithy/core/endpoints';

export interface Address {
  /** Without the bucket: `https://s3.eu-west-1.amazonaws.com`. */
  readonly server: string;
  /** With it: `https://archive.s3.eu-west-1.amazonaws.com`, or `http://127.0.0.1:9000/archive`. */
  readonly bucket: string;
  /** It goes into the path whatever was asked for where it cannot be part of a host name: an IP address, a bucket with a dot. */
  readonly bucketInPath: boolean;
}

/** Asks nobody, but the machine's metadata service for a region where none is known. Rejects as the request itself would. */
export async function addressOf({ config }: S3Client, bucket: string): Promise<Address> {
  // The resolver writes into what it is handed.
  const resolve = async (input: { readonly Bucket?: string }) =>
    (await getEndpointFromInstructions(input, ListObjectsV2Command, { ...config })).url;
  const [server, whole] = await Promise.all([resolve({}), resolve({ Bucket: bucket })]);
  return {
    server: withoutSlash(server),
    bucket: withoutSlash(whole),
    bucketInPath: server.host === whole.host,
  };
}

function withoutSlash({ href }: URL): string {
  return href.replace(/\/$/, '');
}
