/** Rows: what the object storage does wrong, from the first part to the manifest. */
import type { Config } from '../../src/config/schema.ts';
import { emptyPages } from '../support/endless.ts';
import type { S3Effect, S3Operation } from '../support/s3-faults.ts';
import { PART } from './download.ts';
import { onceAndAlways, type Row, type Side, type Stage, type Switch } from './table.ts';

const PARTS = ['first part', 'last part'];
const COMPLETE = ['Complete'];
const PROOF = ['proof'];
const MANIFEST = ['manifest'];
/** A refusal is the same whatever is known of the store. */
const EITHER = ['aws'];
/** Milliseconds of a run: beyond what a good answer takes on a busy machine. */
const SHORT = { runDeadlineMs: 3000 };
const NTH: Readonly<Record<string, number>> = { 'last part': 2 };

/** An operation on the dump that the cell is about goes wrong. */
function on(operation: S3Operation, effect: S3Effect): Row['strike'] {
  return (stage) => {
    const { s3, column, times } = stage;
    const key = column === 'manifest' ? 'redis/catalog/' : dumpOf(stage);
    return s3.fail({ on: operation, key, nth: NTH[column] ?? 1, times, ...effect });
  };
}

function dumpOf({ shape }: Stage): string {
  return shape === 'one file' ? '/dump.rdb' : '/dump-2-of-3.rdb';
}

function answer(status: number, code: string): S3Effect {
  return { effect: 'answer', status, code };
}

/** An answer that goes on for ever. */
function endless(status: number, beginning: string): S3Effect {
  return { effect: 'endless', status, beginning };
}

/** A switch of the stand-in that holds for all requests until it is turned back. */
function behaving(conditionalWrites: 'refused' | 'ignored'): Row['strike'] {
  return ({ s3 }): Switch => {
    s3.behaviour.conditionalWrites = conditionalWrites;
    return {
      get strikes() {
        return s3.requests.filter(({ headers }) => headers['if-none-match'] !== undefined).length;
      },
      remove: () => {
        s3.behaviour.conditionalWrites = 'honoured';
      },
    };
  };
}

/** The store behaves as the row says from the beginning, until it is mended. */
function losingObjects({ s3 }: Stage): Switch {
  return {
    get strikes() {
      return s3.counts.get('AbortMultipartUpload') ?? 0;
    },
    remove: () => {
      s3.behaviour.abort = 'spares-object';
    },
  };
}

const parts: readonly Row[] = [
  ...onceAndAlways('500 on a list', ['archived', 'destination failed'], {
    variants: EITHER,
    columns: ['list'],
    strike: ({ s3, times }) => s3.fail({ on: 'ListObjectsV2', times, ...answer(500, 'InternalError') }),
  }),
  ...onceAndAlways('a list whose answer does not end', ['destination failed', 'destination failed'], {
    variants: EITHER,
    columns: ['list'],
    strike: ({ s3, times }) =>
      s3.fail({ on: 'ListObjectsV2', times, ...endless(200, '<ListBucketResult><Name>') }),
  }),
  ...onceAndAlways('a refusal of a list that does not end', ['destination refused', 'destination refused'], {
    variants: EITHER,
    columns: ['list'],
    strike: ({ s3, times }) =>
      s3.fail({ on: 'ListObjectsV2', times, ...endless(403, '<Error><Code>AccessDenied') }),
  }),
  ...onceAndAlways('a page that holds nothing and promises more', ['archived', 'destination failed'], {
    variants: EITHER,
    columns: ['list'],
    strike: ({ s3, times }) =>
      s3.fail({ on: 'ListObjectsV2', times, effect: 'bare', answer: emptyPages('new') }),
  }),
  {
    fault: 'a list whose answer does not come to its end before the deadline of the run',
    lasts: 'always',
    variants: EITHER,
    columns: ['list'],
    expected: 'destination failed',
    config: SHORT,
    strike: ({ s3, times }) => s3.fail({ on: 'ListObjectsV2', times, effect: 'stall' }),
  },
  ...onceAndAlways('access denied on a list', ['destination refused', 'destination refused'], {
    variants: EITHER,
    columns: ['list'],
    strike: ({ s3, times }) => s3.fail({ on: 'ListObjectsV2', times, ...answer(403, 'AccessDenied') }),
  }),
  {
    fault: 'the store deletes a finished object when another upload to its key is given up',
    lasts: 'always',
    columns: ['list'],
    expected: 'destination refused',
    behaviour: { abort: 'deletes-object' },
    strike: losingObjects,
  },
  {
    fault: 'nothing may be put where it is tried out what the store does',
    lasts: 'always',
    columns: ['list'],
    expected: 'archived',
    behaviour: {},
    strike: ({ s3, times }) =>
      s3.fail({ on: 'PutObject', key: '/state/probe/', times, ...answer(403, 'AccessDenied') }),
  },
  ...onceAndAlways('500 on the beginning of an upload', ['archived', 'store-failed'], {
    variants: EITHER,
    columns: ['first part'],
    strike: on('CreateMultipartUpload', answer(500, 'InternalError')),
  }),
  ...onceAndAlways('500 on a part', ['archived', 'store-failed'], {
    variants: EITHER,
    columns: PARTS,
    strike: on('UploadPart', answer(500, 'InternalError')),
  }),
  ...onceAndAlways('503 SlowDown on a part', ['archived', 'store-failed'], {
    variants: EITHER,
    columns: PARTS,
    strike: on('UploadPart', answer(503, 'SlowDown')),
  }),
  ...onceAndAlways('the connection breaks in a part', ['archived', 'store-failed'], {
    variants: EITHER,
    columns: PARTS,
    strike: on('UploadPart', { effect: 'reset' }),
  }),
  ...onceAndAlways('the answer to a part is lost', ['archived', 'store-failed'], {
    variants: EITHER,
    columns: PARTS,
    strike: on('UploadPart', { effect: 'lose-reply' }),
  }),
  ...onceAndAlways('a wrong ETag for a part', ['archived', 'store-failed'], {
    columns: PARTS,
    strike: on('UploadPart', { effect: 'wrong-etag' }),
  }),
  ...onceAndAlways('the store keeps other bytes than it was sent', ['archived', 'store-failed'], {
    columns: PARTS,
    spoils: true,
    strike: on('UploadPart', { effect: 'corrupt' }),
  }),
  ...onceAndAlways(
    'a bit changes on the way to a store that gives back the checksums it was sent, and checks none',
    ['archived', 'store-failed'],
    {
      columns: PARTS,
      spoils: true,
      behaviour: { checks: 'given-back' },
      strike: on('UploadPart', { effect: 'flip-on-the-way' }),
    },
  ),
  {
    fault: '500 on a part, and the upload may not be given up',
    lasts: 'always',
    variants: EITHER,
    columns: PARTS,
    expected: 'store-failed',
    // One a try of the backup.
    strands: 2,
    strike: (stage) => {
      stage.s3.denied.add('AbortMultipartUpload');
      const part = on('UploadPart', answer(500, 'InternalError'))(stage);
      return {
        get strikes() {
          return part.strikes;
        },
        remove() {
          part.remove();
          stage.s3.denied.delete('AbortMultipartUpload');
        },
      };
    },
  },
];

const commit: readonly Row[] = [
  ...onceAndAlways('200 with an error in it', ['archived', 'store-failed'], {
    variants: EITHER,
    columns: COMPLETE,
    strike: on('CompleteMultipartUpload', { effect: 'error-in-200', code: 'InternalError' }),
  }),
  ...onceAndAlways('the answer is lost', ['archived', 'archived'], {
    columns: COMPLETE,
    strike: on('CompleteMultipartUpload', { effect: 'lose-reply' }),
  }),
  ...onceAndAlways('NoSuchUpload: a lifecycle rule was faster', ['archived', 'store-failed'], {
    columns: COMPLETE,
    strike: on('CompleteMultipartUpload', { effect: 'drop-upload' }),
  }),
  ...onceAndAlways('access denied', ['store-failed', 'store-failed'], {
    variants: EITHER,
    columns: COMPLETE,
    strike: on('CompleteMultipartUpload', answer(403, 'AccessDenied')),
  }),
  ...onceAndAlways('500 on the question what the store holds', ['archived', 'store-failed'], {
    variants: EITHER,
    columns: PROOF,
    strike: on('HeadObject', answer(500, 'InternalError')),
  }),
  {
    fault: 'put-if-absent is refused',
    lasts: 'always',
    columns: MANIFEST,
    expected: 'archived',
    strike: behaving('refused'),
  },
  {
    fault: 'put-if-absent is ignored',
    lasts: 'always',
    columns: MANIFEST,
    expected: 'archived',
    strike: behaving('ignored'),
  },
  ...onceAndAlways('500 on the manifest', ['archived', 'store-failed'], {
    variants: EITHER,
    columns: MANIFEST,
    strike: on('PutObject', answer(500, 'InternalError')),
  }),
  ...onceAndAlways('the answer is lost', ['archived', 'archived'], {
    columns: MANIFEST,
    strike: on('PutObject', { effect: 'lose-reply' }),
  }),
];

export const storeParts = storeSide('Object storage: the parts', ['list', ...PARTS], parts);

export const storeCommit = storeSide(
  'Object storage: from Complete to the manifest',
  [...COMPLETE, ...PROOF, ...MANIFEST],
  commit,
);

function storeSide(title: string, columns: readonly string[], rows: readonly Row[]): Side {
  return {
    title,
    about:
      'Columns: the step that goes wrong. Variants: a store that proves what it holds (the profile `aws`), and one of which nothing is known (`other`).',
    columns,
    variants: ['aws', 'other'],
    rows,
    size: () => PART + 70_000,
    scenario: ({ variant }) => ({
      adjust: (config) => withProfile(config, variant === 'aws' ? 'aws' : 'other'),
    }),
  };
}

function withProfile(config: Config, profile: 'aws' | 'other'): Config {
  const { destination } = config;
  return destination.kind === 's3' ? { ...config, destination: { ...destination, profile } } : config;
}
