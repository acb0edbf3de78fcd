/** Settings of a bucket that change what is taken from whom: what a real store makes of each, seen from outside, and whether `check` tells of it. */
import {
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Findings, findingsOf, probeOn } from '../support/probe.ts';
import { CREDENTIALS, GUEST, type RealBucket } from '../support/real-bucket.ts';
import type { RealServer } from './servers.ts';

/** `taken`: or the status and code of the refusal. `felt`: by who looks from outside. `told`: by `check`. */
export interface SettingSeen {
  readonly taken: string;
  readonly felt?: boolean;
  readonly told?: boolean;
  /** What the checks then say that are not ok. */
  readonly troubles?: readonly string[];
}

interface Setting {
  /** For people. */
  readonly title: string;
  apply(bucket: RealBucket): Promise<unknown>;
  isFelt(bucket: RealBucket): Promise<boolean>;
  isTold(found: Findings): boolean;
  /** Whether it is a guest that asks. */
  readonly asGuest?: true;
}

export const SETTINGS: Readonly<Record<string, Setting>> = {
  versioning: {
    title: 'versioning',
    apply: ({ client, bucket: Bucket }) =>
      client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } })),
    isFelt: async ({ client, bucket: Bucket }) => {
      const { VersionId = 'null' } = await client.send(
        new PutObjectCommand({ Bucket, Key: 'seen', Body: 'x' }),
      );
      return VersionId !== 'null';
    },
    isTold: (found) => found.of('versioning').facts['status'] === 'Enabled',
  },
  aes: {
    title: 'default encryption, AES256',
    apply: (bucket) => encrypt(bucket, { SSEAlgorithm: 'AES256' }),
    isFelt: (bucket) => isShown(bucket, 'AES256'),
    isTold: (found) =>
      found.of('encryption').facts['algorithm'] === 'AES256' ||
      isHinted(found, /default encryption is AES256/),
  },
  kms: {
    title: 'default encryption, a key of KMS',
    apply: (bucket) => encrypt(bucket, { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'testkey-1' }),
    isFelt: (bucket) => isShown(bucket, 'aws:kms'),
    isTold: (found) => found.of('encryption').facts['kms'] === true,
  },
  'requester-pays': {
    title: 'requester pays, asked by a guest',
    async apply({ client, bucket: Bucket }) {
      await client.send(
        new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer: 'Requester' } }),
      );
      await policy({ client, bucket: Bucket }, EVERYTHING);
    },
    isFelt: async (bucket) => {
      const list = (more: object) => new ListObjectsV2Command({ Bucket: bucket.bucket, ...more });
      return (
        (await isRefused(bucket, list({}))) && !(await isRefused(bucket, list({ RequestPayer: 'requester' })))
      );
    },
    isTold: (found) => isHinted(found, /requester pays/),
    asGuest: true,
  },
  tls: {
    title: 'a policy that demands TLS, asked over http by a guest',
    apply: (bucket) =>
      policy(bucket, EVERYTHING, {
        ...{ Effect: 'Deny', Action: 's3:*' },
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    isFelt: (bucket) => isRefused(bucket, new ListObjectsV2Command({ Bucket: bucket.bucket })),
    isTold: (found) => isHinted(found, /demands TLS/),
    asGuest: true,
  },
  'encryption-header': {
    title: 'a policy that demands an encryption header, of a guest',
    apply: (bucket) =>
      policy(bucket, EVERYTHING, {
        ...{ Effect: 'Deny', Action: 's3:PutObject', Resource: `arn:aws:s3:::${bucket.bucket}/*` },
        Condition: { Null: { 's3:x-amz-server-side-encryption': 'true' } },
      }),
    isFelt: (bucket) =>
      isRefused(bucket, new PutObjectCommand({ Bucket: bucket.bucket, Key: 'seen', Body: 'x' })),
    isTold: (found) => isHinted(found, /demands the header/),
    asGuest: true,
  },
};

/** Each in a bucket of its own. */
export async function settingsSeen(server: RealServer): Promise<Record<string, SettingSeen>> {
  const seen: Record<string, SettingSeen> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const bucket = await server.bucket();
    seen[name] = await settingSeen(setting, bucket);
    bucket.close();
  }
  return seen;
}

async function settingSeen(setting: Setting, bucket: RealBucket): Promise<SettingSeen> {
  try {
    await setting.apply(bucket);
  } catch (error) {
    return { taken: answerOf(error) };
  }
  const felt = await setting.isFelt(bucket).catch(() => false);
  const credentials = setting.asGuest ? GUEST : CREDENTIALS;
  const found = await findingsOf(probeOn({ ...bucket, credentials }));
  return { taken: 'yes', felt, told: setting.isTold(found), troubles: found.troubles };
}

function encrypt(
  { client, bucket: Bucket }: RealBucket,
  by: { readonly SSEAlgorithm: 'AES256' | 'aws:kms'; readonly KMSMasterKeyID?: string },
) {
  const Rules = [{ ApplyServerSideEncryptionByDefault: by }];
  return client.send(
    new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }),
  );
}

async function isShown({ client, bucket: Bucket }: RealBucket, algorithm: string): Promise<boolean> {
  try {
    await client.send(new PutObjectCommand({ Bucket, Key: 'seen', Body: 'x' }));
  } catch {
    // It encrypts by default, and has no keys to do it with.
    return true;
  }
  const { ServerSideEncryption } = await client.send(new HeadObjectCommand({ Bucket, Key: 'seen' }));
  return ServerSideEncryption === algorithm;
}

const EVERYTHING = { Effect: 'Allow', Action: 's3:*' };

function policy(
  { client, bucket: Bucket }: Pick<RealBucket, 'client' | 'bucket'>,
  ...statements: readonly object[]
) {
  const Resource = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`];
  const Statement = statements.map((statement) => ({ Principal: '*', Resource, ...statement }));
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  return client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

/** To a guest. */
async function isRefused(
  { endpoint }: RealBucket,
  command: ListObjectsV2Command | PutObjectCommand,
): Promise<boolean> {
  const guest = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: GUEST });
  try {
    await guest.send(command as ListObjectsV2Command);
    return false;
  } catch (error) {
    return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 403;
  } finally {
    guest.destroy();
  }
}

function isHinted(found: Findings, words: RegExp): boolean {
  return found.all.some(({ verdict, hint = '' }) => verdict === 'failed' && words.test(hint));
}

function answerOf(error: unknown): string {
  const { name, $metadata = {} } = error as { name: string; $metadata?: { httpStatusCode?: number } };
  return `${$metadata.httpStatusCode ?? 'no answer'} ${name}`;
}
