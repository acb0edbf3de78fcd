/** Gives up multipart uploads that a killed process has left: nobody will complete them, and their parts are stored and billed for ever. */
import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import type { SweepOptions } from '../object-store.ts';
import type { Bucket } from './client.ts';
import { answerOf } from './errors.ts';
import { giveUpUpload } from './give-up.ts';
import type { UnfinishedUpload } from './multipart-requests.ts';

/** Resolves with how many were given up. What another process finished or gave up meanwhile is not counted, nor what had to be left alone. */
export async function sweepUploads(bucket: Bucket, prefix: string, options: SweepOptions): Promise<number> {
  let swept = 0;
  for await (const upload of staleUploads(bucket, prefix, options)) {
    if (await giveUp(bucket, upload, options.signal)) swept += 1;
  }
  return swept;
}

/**
 * An upload is stale when all of this holds: its key is one that only we give, this process does not have it in hand, and both its
 * beginning and its newest part are older than the configured age. The part is what tells another process's living upload from a dead
 * one: a terabyte may take longer than a day, but no transfer goes a day without a part.
 */
async function* staleUploads(
  bucket: Bucket,
  prefix: string,
  { isOurs, begunBefore, signal }: SweepOptions,
): AsyncGenerator<UnfinishedUpload> {
  let marker: Pick<ListMultipartUploadsCommandOutput, 'NextKeyMarker' | 'NextUploadIdMarker'> = {};
  for (;;) {
    const page = await listUploads(bucket, prefix, marker, signal);
    for (const { Key: key = '', UploadId: id, Initiated } of page.Uploads ?? []) {
      const isOld = Initiated !== undefined && Initiated.getTime() < begunBefore;
      if (!isOld || id === undefined || !isOurs(key) || bucket.uploadsInHand.has(id)) continue;
      if (!(await isMoving(bucket, { key, id }, begunBefore, signal))) yield { key, id };
    }
    // A store that does not say how to go on, or goes round in circles, has told all it will; the next run sees the rest.
    const { NextKeyMarker, NextUploadIdMarker } = page;
    const isStuck =
      NextKeyMarker === marker.NextKeyMarker && NextUploadIdMarker === marker.NextUploadIdMarker;
    if (page.IsTruncated !== true || !NextKeyMarker || isStuck) return;
    marker = { NextKeyMarker, NextUploadIdMarker };
  }
}

/** Whether a part came since then. Parts are listed in the order of their numbers, which is that of their coming. */
async function isMoving(
  bucket: Bucket,
  { key, id }: UnfinishedUpload,
  since: number,
  signal: AbortSignal,
): Promise<boolean> {
  let marker: string | undefined;
  for (;;) {
    const command = new ListPartsCommand({
      Bucket: bucket.name,
      Key: key,
      UploadId: id,
      ...(marker !== undefined && { PartNumberMarker: marker }),
    });
    const page = await bucket.call('list the parts sent for', key, signal, (options) =>
      bucket.client.send(command, options),
    );
    if (page.Parts?.some(({ LastModified }) => (LastModified?.getTime() ?? 0) >= since)) return true;
    const next = page.NextPartNumberMarker;
    if (page.IsTruncated !== true || next === undefined || next === marker) return false;
    marker = next;
  }
}

/** One page of the unfinished uploads below a prefix. */
export function listUploads(
  bucket: Bucket,
  prefix: string,
  marker: Pick<ListMultipartUploadsCommandOutput, 'NextKeyMarker' | 'NextUploadIdMarker'>,
  signal: AbortSignal,
): Promise<ListMultipartUploadsCommandOutput> {
  // No percent-encoding is asked for, as in the listing of objects: Ceph encodes and does not say so. Our own keys need none.
  const command = new ListMultipartUploadsCommand({
    Bucket: bucket.name,
    Prefix: prefix,
    KeyMarker: marker.NextKeyMarker,
    UploadIdMarker: marker.NextUploadIdMarker,
  });
  return bucket.call('list unfinished uploads below', prefix, signal, (options) =>
    bucket.client.send(command, options),
  );
}

async function giveUp(bucket: Bucket, upload: UnfinishedUpload, signal: AbortSignal): Promise<boolean> {
  try {
    return await giveUpUpload(bucket, upload, signal);
  } catch (error) {
    if (answerOf(error)?.status === 404) return false;
    throw error;
  }
}
