/** For `bench/soak.ts`: everything that can go wrong in the object storage. */

import { emptyPages } from '../test/support/endless.ts';
import type { S3Effect, S3Operation } from '../test/support/s3-faults.ts';
import { type Strike, times } from './soak-stage.ts';

function inStore(operation: S3Operation, effect: S3Effect, key?: string): Strike {
  return (stage) => {
    const nth = stage.dice.between(1, operation === 'UploadPart' ? 6 : 2);
    const often = { nth, times: times(stage), ...(key !== undefined && { key }) };
    const active = stage.s3.fail({ on: operation, ...often, ...effect });
    return { strikes: () => active.strikes, remove: active.remove };
  };
}

/** Requests that fit are answered late, for as long as the run lasts. */
function slowStore(): Strike {
  return ({ s3, dice }) => {
    const every = dice.between(2, 6);
    const wait = dice.between(50, 400);
    let strikes = 0;
    let on = true;
    const hold = (): void => {
      const gate = s3.holdAt(({ count }) => on && count % every === 0);
      void gate.arrived.then(() => {
        if (!on) return gate.release();
        strikes += 1;
        setTimeout(gate.release, wait);
        if (strikes < 20) hold();
      });
    };
    hold();
    return {
      strikes: () => strikes,
      remove() {
        on = false;
      },
    };
  };
}

function deniedInStore(operation: S3Operation): Strike {
  return ({ s3 }) => {
    const before = s3.counts.get(operation) ?? 0;
    s3.denied.add(operation);
    return {
      strikes: () => (s3.counts.get(operation) ?? 0) - before,
      remove: () => s3.denied.delete(operation),
    };
  };
}

const SERVER_ERROR: S3Effect = { effect: 'answer', status: 500, code: 'InternalError' };
const SLOW_DOWN: S3Effect = { effect: 'answer', status: 503, code: 'SlowDown' };
const NO_ACCESS: S3Effect = { effect: 'answer', status: 403, code: 'AccessDenied' };
const NO_UPLOAD: S3Effect = { effect: 'answer', status: 404, code: 'NoSuchUpload' };

const OPERATIONS: readonly S3Operation[] = [
  'ListObjectsV2',
  'ListMultipartUploads',
  'ListParts',
  'HeadObject',
  'GetObject',
  'PutObject',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
];
function endless(status: number, beginning: string): S3Effect {
  return { effect: 'endless', status, beginning };
}

const BODIES: readonly S3Operation[] = ['PutObject', 'UploadPart'];

const everywhere: readonly (readonly [string, S3Effect, readonly S3Operation[]])[] = [
  ['500', SERVER_ERROR, OPERATIONS],
  ['503 SlowDown', SLOW_DOWN, OPERATIONS],
  ['403', NO_ACCESS, OPERATIONS],
  ['reset', { effect: 'reset' }, BODIES],
  ['answer lost', { effect: 'lose-reply' }, OPERATIONS],
  ['wrong ETag', { effect: 'wrong-etag' }, [...BODIES, 'CompleteMultipartUpload', 'HeadObject']],
  ['web page', { effect: 'web-page' }, OPERATIONS],
  ['error in 200', { effect: 'error-in-200', code: 'InternalError' }, ['CompleteMultipartUpload']],
  ['upload dropped', { effect: 'drop-upload' }, ['UploadPart', 'CompleteMultipartUpload']],
  ['no such upload', NO_UPLOAD, ['UploadPart', 'CompleteMultipartUpload', 'AbortMultipartUpload']],
  ['cut answer', { effect: 'cut' }, ['GetObject', 'ListObjectsV2']],
];

export const STORE: Readonly<Record<string, Strike>> = {
  ...Object.fromEntries(
    everywhere.flatMap(([name, effect, operations]) =>
      operations.map((operation) => [`${operation}: ${name}`, inStore(operation, effect)] as const),
    ),
  ),
  'UploadPart: other bytes kept': inStore('UploadPart', { effect: 'corrupt' }),
  'PutObject: other bytes kept': inStore('PutObject', { effect: 'corrupt' }, '/data/'),
  'AbortMultipartUpload: denied': deniedInStore('AbortMultipartUpload'),
  'a slow store': slowStore(),
  'ListObjectsV2: without an end': inStore('ListObjectsV2', endless(200, '<ListBucketResult><Name>')),
  'ListObjectsV2: pages without an end': (stage) =>
    inStore('ListObjectsV2', { effect: 'bare', answer: emptyPages(stage.dice.oneOf(['one', 'new'])) })(stage),
  'GetObject: without an end': inStore('GetObject', endless(200, '{')),
  ...Object.fromEntries(
    BODIES.map((operation) => [
      `${operation}: a refusal without an end`,
      inStore(operation, endless(403, '<Error><Code>AccessDenied</Code><Message>')),
    ]),
  ),
};
