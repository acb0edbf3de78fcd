/** What an S3 store says it holds at a key, and whether that is what was sent. */
import { HeadObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { toInstant } from '../../domain/instant.ts';
import type { Storage } from '../../domain/object-lock.ts';
import type { SentBody } from './body-digest.ts';
import type { Bucket } from './client.ts';
import { answerOf } from './errors.ts';
import type { ProviderProfile } from './provider-profile.ts';

export interface HeldObject extends Storage {
  /** Bytes. */
  readonly size: number;
  /** Without quotes, lower case. */
  readonly etag?: string;
  /** The profile's `echo` header, as it came. */
  readonly checksum?: string;
  /** A KMS or customer key is in play, so the ETag is no MD5 although it looks like one. */
  readonly keyed: boolean;
}

/** Asks for an object's facts; undefined where there is none. */
export async function headObject(
  bucket: Bucket,
  key: string,
  signal: AbortSignal,
): Promise<HeldObject | undefined> {
  return (await lookAt(bucket, key, signal))?.held;
}

/** The same with all headers of the answer, by their lower-case names. */
export async function lookAt(
  bucket: Bucket,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly held: HeldObject; readonly headers: Readonly<Record<string, string>> } | undefined> {
  const { echo } = bucket.profile;
  const command = new HeadObjectCommand({
    Bucket: bucket.name,
    Key: key,
    ...(echo.startsWith('x-amz-') ? { ChecksumMode: 'ENABLED' } : {}),
  });
  // COS and OSS answer their checksum in a header of their own, which the SDK does not know.
  const headers = capturedHeaders(command);
  try {
    const answer = await bucket.call('look at', key, signal, (options) =>
      bucket.client.send(command, options),
    );
    const checksum = headers()[echo];
    const held = {
      size: answer.ContentLength ?? 0,
      keyed: usesKey(answer.ServerSideEncryption, answer.SSECustomerAlgorithm),
      ...(answer.ETag === undefined ? {} : { etag: plainEtag(answer.ETag) }),
      ...(checksum === undefined ? {} : { checksum }),
      ...storageOf(answer),
    };
    return { held, headers: headers() };
  } catch (error) {
    if (answerOf(error)?.status === 404) return undefined;
    throw error;
  }
}

function storageOf(answer: HeadObjectCommandOutput): Storage {
  const { StorageClass, ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = answer;
  return {
    ...(StorageClass === undefined ? {} : { storageClass: StorageClass }),
    ...(mode === undefined || until === undefined
      ? {}
      : {
          lock: {
            mode: mode === 'COMPLIANCE' ? 'compliance' : 'governance',
            until: toInstant(until.getTime()),
          },
        }),
    ...(answer.ObjectLockLegalHoldStatus === 'ON' ? { legalHold: true } : {}),
  };
}

/** Once the command has been sent, the answer's headers as they came. */
function capturedHeaders(command: HeadObjectCommand): () => Readonly<Record<string, string>> {
  let headers: Readonly<Record<string, string>> = {};
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      headers = headersOf(result.response);
      return result;
    },
    { step: 'deserialize', name: 'captureHeaders' },
  );
  return () => headers;
}

/** Compares by the store's own checksum where it answers one, else by an ETag that is an MD5; `unknown` where neither can tell. */
export function compareHeld(
  held: HeldObject,
  sent: SentBody,
  { md5Etags }: ProviderProfile,
): 'same' | 'different' | 'unknown' {
  if (held.size !== sent.size) return 'different';
  const checksums = sent.checksums?.filter((ours) => comparable(ours, held.checksum)) ?? [];
  if (held.checksum !== undefined && checksums.length > 0)
    return checksums.includes(held.checksum) ? 'same' : 'different';
  if (held.keyed || held.etag === undefined || sent.etag === undefined) return 'unknown';
  // One that is ours proves nothing either where the store may have been told it: by a Content-MD5 that it did not check.
  if (md5Etags === 'none' || (md5Etags === 'single-put' && sent.etag.includes('-'))) return 'unknown';
  if (held.etag === sent.etag) return 'same';
  return looksLikeMd5(held.etag) ? 'different' : 'unknown';
}

/** Whether an answer shows a KMS key (`aws:kms`, `aws:kms:dsse`) or a customer key: its ETags say nothing then. */
export function usesKey(encryption: string | undefined, customerAlgorithm: string | undefined): boolean {
  return encryption?.includes('kms') === true || customerAlgorithm !== undefined;
}

/** Some stores leave the quotes out, some write capitals. */
export function plainEtag(etag: string): string {
  return etag.replaceAll('"', '').toLowerCase();
}

export function looksLikeMd5(etag: string): boolean {
  return /^[0-9a-f]{32}(?:-\d+)?$/.test(etag);
}

/** A CRC-32 of the parts' CRC-32s (`…-N`) and one of the whole object say nothing of each other. */
function comparable(ours: string, held = ''): boolean {
  return ours.includes('-') === held.includes('-');
}

function headersOf(response: unknown): Readonly<Record<string, string>> {
  const { headers } = response as { readonly headers?: Readonly<Record<string, string>> };
  return headers ?? {};
}
