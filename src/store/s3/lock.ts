/** Object lock and storage class in S3's words: asked for with an upload, and made sure of afterwards, since not every store does as it is asked. */
import {
  GetObjectRetentionCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { ArchiverError } from '../../domain/errors.ts';
import { toInstant } from '../../domain/instant.ts';
import type { ObjectLock, Storage } from '../../domain/object-lock.ts';
import type { Bucket } from './client.ts';
import { answerOf, type S3Answer } from './errors.ts';
import { headObject } from './head.ts';

/** What of the SDK's parameters says how an object is to be kept: the same for a put and for the beginning of an upload in parts. */
export type StorageInput = Pick<
  PutObjectCommandInput,
  'StorageClass' | 'ObjectLockMode' | 'ObjectLockRetainUntilDate' | 'ObjectLockLegalHoldStatus'
>;

export function storageInput({ storageClass, lock, legalHold }: Storage = {}): StorageInput {
  return {
    // Every store has names of its own; the SDK knows those of AWS only.
    ...(storageClass !== undefined && {
      StorageClass: storageClass as NonNullable<StorageInput['StorageClass']>,
    }),
    ...(lock && { ObjectLockMode: MODES[lock.mode], ObjectLockRetainUntilDate: new Date(lock.until) }),
    ...(legalHold && { ObjectLockLegalHoldStatus: 'ON' }),
  };
}

const MODES = { governance: 'GOVERNANCE', compliance: 'COMPLIANCE' } as const;

/** Sends a request that asks for `storage`; a refusal on its account says what to do about that, and is not tried again. */
export async function askingFor<Output>(
  storage: Storage | undefined,
  send: () => Promise<Output>,
): Promise<Output> {
  try {
    return await send();
  } catch (error) {
    throw explainRefusal(error, storage ?? {});
  }
}

/** Whether an object is to be kept in a way that `retainObject` can look after. */
export function isLocking({ lock, legalHold }: Storage): boolean {
  return lock !== undefined || legalHold === true;
}

/**
 * Makes sure that the newest version is locked at least as wanted. Ceph 16 ignores the lock of an upload in parts without a word, OBS
 * takes none there: then it is asked for by itself. Rejects with `store-refused` where the object is not locked even so.
 */
export async function retainObject(
  bucket: Bucket,
  key: string,
  wanted: Storage,
  signal: AbortSignal,
): Promise<void> {
  const before = await shownLock(bucket, key, wanted, signal);
  if (missing(before, wanted).length === 0) return;
  await askingFor(wanted, () => askForMissing(bucket, key, { shown: before, wanted }, signal));
  const after = missing(await shownLock(bucket, key, wanted, signal), wanted);
  if (after.length === 0) return;
  throw new ArchiverError(
    'store-refused',
    `s3://${bucket.name}/${key} is not locked as asked: no ${after.join(', no ')} is shown`,
    {
      hint: `Grant s3:GetObjectRetention (and s3:GetObjectLegalHold), so that the lock can be seen. ${SEE}`,
    },
  );
}

async function askForMissing(
  bucket: Bucket,
  key: string,
  { shown, wanted }: { readonly shown: Storage; readonly wanted: Storage },
  signal: AbortSignal,
): Promise<void> {
  const target = { Bucket: bucket.name, Key: key };
  const { lock, legalHold } = wanted;
  if (lock && !isAtLeast(shown.lock, lock)) {
    const Retention = { Mode: MODES[lock.mode], RetainUntilDate: new Date(lock.until) };
    const command = new PutObjectRetentionCommand({ ...target, Retention });
    await bucket.call('lock', key, signal, (options) => bucket.client.send(command, options));
  }
  if (legalHold && !shown.legalHold) {
    const command = new PutObjectLegalHoldCommand({ ...target, LegalHold: { Status: 'ON' } });
    await bucket.call('put a legal hold on', key, signal, (options) => bucket.client.send(command, options));
  }
}

/** As HEAD shows it; COS answers HEAD in headers of its own, so a lock that is not shown there is asked for by itself. */
async function shownLock(
  bucket: Bucket,
  key: string,
  wanted: Storage,
  signal: AbortSignal,
): Promise<Storage> {
  const held = await headObject(bucket, key, signal);
  if (held === undefined)
    throw new ArchiverError(
      'store-failed',
      `s3://${bucket.name}/${key}: the object is not there after its upload`,
    );
  if (!wanted.lock || isAtLeast(held.lock, wanted.lock)) return held;
  const lock = (await askForLock(bucket, key, signal)) ?? held.lock;
  return lock ? { ...held, lock } : held;
}

/** Undefined where there is none, or where the store or the key's rights do not let one ask. */
export async function askForLock(
  bucket: Bucket,
  key: string,
  signal: AbortSignal,
): Promise<ObjectLock | undefined> {
  if (bucket.profile.lockModes.length === 0) return undefined;
  const command = new GetObjectRetentionCommand({ Bucket: bucket.name, Key: key });
  try {
    const { Retention } = await bucket.call('ask for the lock of', key, signal, (options) =>
      bucket.client.send(command, options),
    );
    const { Mode, RetainUntilDate: until } = Retention ?? {};
    if (Mode === undefined || until === undefined) return undefined;
    return { mode: Mode === 'COMPLIANCE' ? 'compliance' : 'governance', until: toInstant(until.getTime()) };
  } catch (error) {
    const status = answerOf(error)?.status;
    if (status === undefined || (status >= 500 && status !== NOT_IMPLEMENTED)) throw error;
    return undefined;
  }
}

/** What is wanted and not shown, in words. */
function missing(shown: Storage, { lock, legalHold }: Storage): string[] {
  return [
    ...(lock && !isAtLeast(shown.lock, lock) ? [`${lock.mode} until ${lock.until}`] : []),
    ...(legalHold && !shown.legalHold ? ['legal hold'] : []),
  ];
}

/** A bucket's own default may be longer or stricter, which is as good. */
function isAtLeast(shown: ObjectLock | undefined, wanted: ObjectLock): boolean {
  if (shown === undefined || shown.until < wanted.until) return false;
  return wanted.mode === 'governance' || shown.mode === 'compliance';
}

const NOT_IMPLEMENTED = 501;

const SEE = 'docs/security.md tells how locks work.';

const CLASS_SETTINGS =
  'It comes from ARCHIVER_S3_STORAGE_CLASS, `destination.storageClass` or `storageClasses`.';

const NO_LOCK =
  'Is the bucket made with object lock, which brings versioning with it? Else make one, or take `objectLock` out of the configuration.';

/** How stores refuse what they do not know or what the bucket is not made for; a body that came damaged is none of these. */
const REFUSING = new Set([
  'InvalidRequest',
  'InvalidArgument',
  'InvalidStorageClass',
  'InvalidRetentionPeriod',
  'InvalidBucketState',
  'ObjectLockConfigurationNotFoundError',
  'NoSuchObjectLockConfiguration',
  'MalformedXML',
  'MethodNotAllowed',
  'NotImplemented',
]);

function explainRefusal(error: unknown, storage: Storage): unknown {
  const answer = answerOf(error);
  const hint = answer && hintFor(answer, storage);
  if (!(error instanceof ArchiverError) || hint === undefined) return error;
  return new ArchiverError('store-refused', error.message, { cause: answer, hint });
}

function hintFor({ code, status }: S3Answer, { storageClass, ...lock }: Storage): string | undefined {
  if (isLocking(lock) && status === 403 && !/Signature|KeyId|Token|Time/.test(code))
    return `To lock objects the credentials need s3:PutObjectRetention, s3:PutObjectLegalHold and s3:GetObjectRetention besides s3:PutObject (deploy/policies/s3-archiver-lock.json).`;
  if (!REFUSING.has(code)) return undefined;
  const hints = [
    ...(storageClass === undefined
      ? []
      : [`Does the store know the storage class ${storageClass}? ${CLASS_SETTINGS}`]),
    ...(isLocking(lock) ? [NO_LOCK] : []),
  ];
  return hints.length > 0 ? hints.join(' ') : undefined;
}
