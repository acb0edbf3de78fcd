/** How the stand-in's bucket keeps objects beyond their bytes: storage classes, object lock, and the versions that come with it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Answer, Behaviour } from './s3-behaviour.ts';
import type { BucketState, StoredObject, StoredStorage } from './s3-bucket.ts';
import type { ReadRequest } from './s3-request.ts';
import { document, element, errorDocument } from './s3-xml.ts';

const MODE = 'x-amz-object-lock-mode';
const UNTIL = 'x-amz-object-lock-retain-until-date';
const HOLD = 'x-amz-object-lock-legal-hold';
const CLASS = 'x-amz-storage-class';

/** Why a put or the beginning of an upload cannot be kept as its headers ask. */
export function storageRefusal(
  headers: IncomingHttpHeaders,
  behaviour: Behaviour,
  inParts: boolean,
): Answer | undefined {
  const storageClass = headers[CLASS];
  if (storageClass !== undefined && !behaviour.storageClasses.includes(String(storageClass)))
    return refuse(400, 'InvalidStorageClass');
  const asks = [MODE, UNTIL, HOLD].some((name) => headers[name] !== undefined);
  // Ceph 16 does not even look at them there.
  if (!asks || (inParts && behaviour.mode === 'ceph')) return undefined;
  if (behaviour.locks === 'given-back') return undefined;
  if (!behaviour.objectLock) return refuse(400, 'InvalidRequest');
  if ((headers[MODE] === undefined) !== (headers[UNTIL] === undefined)) return refuse(400, 'InvalidArgument');
  if (headers[MODE] !== undefined && lockProblem(String(headers[MODE]), String(headers[UNTIL]), behaviour))
    return refuse(400, 'InvalidArgument');
  return inParts || hasBodyCheck(headers) ? undefined : refuse(400, 'InvalidRequest');
}

/** S3 takes no body under a lock that is not covered by a checksum of its own besides the signature. */
export function hasBodyCheck(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some((name) => name === 'content-md5' || name.startsWith('x-amz-checksum-'));
}

/** How a new version is kept. */
export function storageFrom(
  headers: IncomingHttpHeaders,
  behaviour: Behaviour,
  inParts: boolean,
): StoredStorage {
  const { mode, lockWithUpload, defaultRetentionDays, objectLock, now } = behaviour;
  const heard = lockWithUpload === 'honoured' ? !(inParts && mode === 'ceph') : false;
  const takes = heard || (lockWithUpload === 'not-in-parts' && !inParts);
  const asked = takes && headers[MODE] !== undefined;
  const byDefault = objectLock && defaultRetentionDays > 0;
  const until = new Date(now() + defaultRetentionDays * 86_400_000).toISOString();
  return {
    ...(headers[CLASS] === undefined ? {} : { storageClass: String(headers[CLASS]) }),
    ...(asked
      ? { lock: { mode: String(headers[MODE]), until: String(headers[UNTIL]) } }
      : byDefault && { lock: { mode: 'COMPLIANCE', until } }),
    ...(takes && headers[HOLD] === 'ON' && { legalHold: true }),
  };
}

/** As HEAD and GET show it; S3 is silent of the class STANDARD. */
export function storageHeaders({ storage }: StoredObject, { lockShown }: Behaviour): Record<string, string> {
  const { storageClass = 'STANDARD', lock, legalHold } = storage ?? {};
  return {
    ...(storageClass === 'STANDARD' ? {} : { [CLASS]: storageClass }),
    ...(lock && lockShown ? { [MODE]: lock.mode, [UNTIL]: lock.until } : {}),
    ...(legalHold && lockShown ? { [HOLD]: 'ON' } : {}),
  };
}

export function isCold({ storage }: StoredObject, { coldClasses }: Behaviour): boolean {
  return coldClasses.includes(storage?.storageClass ?? 'STANDARD');
}

/** Stores a version; what lay there stays behind it in a bucket that keeps versions. */
export function addVersion(
  state: BucketState,
  behaviour: Behaviour,
  key: string,
  object: StoredObject,
): StoredObject {
  retire(state, behaviour, key);
  const version = { ...object, versionId: `v${nextVersion++}` };
  state.objects.set(key, version);
  return version;
}

let nextVersion = 1;

/** A plain delete hides all versions behind a marker; one that names a version removes it, unless it is locked. */
export function deleteObject(state: BucketState, behaviour: Behaviour, { key, query }: ReadRequest): Answer {
  const versionId = query.get('versionId');
  const keeps = behaviour.versioned || behaviour.objectLock;
  if (versionId === null) {
    retire(state, behaviour, key);
    state.objects.delete(key);
    return { status: 204, ...(keeps && { headers: { 'x-amz-delete-marker': 'true' } }) };
  }
  const current = state.objects.get(key);
  const older = state.versions.get(key) ?? [];
  const found = [...(current ? [current] : []), ...older].find((one) => one.versionId === versionId);
  if (found && isLocked(found, behaviour)) return refuse(403, 'AccessDenied');
  if (found === current) state.objects.delete(key);
  state.versions.set(
    key,
    older.filter((one) => one !== found),
  );
  return { status: 204 };
}

export const STORAGE_OPERATIONS = {
  GetObjectLockConfiguration: (
    _state: BucketState,
    { objectLock, defaultRetentionDays: days }: Behaviour,
  ): Answer => {
    if (!objectLock) return refuse(404, 'ObjectLockConfigurationNotFoundError');
    const retention = element('DefaultRetention', [element('Mode', 'COMPLIANCE'), element('Days', days)]);
    const rule = days > 0 ? [element('Rule', [retention])] : [];
    const enabled = element('ObjectLockEnabled', 'Enabled');
    return { status: 200, body: document('ObjectLockConfiguration', enabled, ...rule) };
  },
  GetBucketVersioning: (_state: BucketState, { objectLock, versioned }: Behaviour): Answer => {
    const status = objectLock || versioned ? [element('Status', 'Enabled')] : [];
    return { status: 200, body: document('VersioningConfiguration', ...status) };
  },
  GetBucketEncryption: (_state: BucketState, { defaultEncryption }: Behaviour): Answer => {
    if (defaultEncryption === 'none') return refuse(404, 'ServerSideEncryptionConfigurationNotFoundError');
    const rule = element('ApplyServerSideEncryptionByDefault', [element('SSEAlgorithm', 'AES256')]);
    return { status: 200, body: document('ServerSideEncryptionConfiguration', element('Rule', [rule])) };
  },
  GetObjectRetention: (state: BucketState, _behaviour: Behaviour, { key }: ReadRequest): Answer => {
    const lock = state.objects.get(key)?.storage?.lock;
    if (!lock) return refuse(404, 'NoSuchObjectLockConfiguration');
    const fields = [element('Mode', lock.mode), element('RetainUntilDate', lock.until)];
    return { status: 200, body: document('Retention', ...fields) };
  },
  PutObjectRetention: (state: BucketState, behaviour: Behaviour, { key, text }: ReadRequest): Answer => {
    const mode = field(text, 'Mode');
    const until = field(text, 'RetainUntilDate');
    return change(state, behaviour, key, (object) => {
      if (lockProblem(mode, until, behaviour)) return refuse(400, 'InvalidArgument');
      const { lock } = object.storage ?? {};
      if (lock && isLocked(object, behaviour) && (lock.mode !== mode || lock.until > until))
        return refuse(403, 'AccessDenied');
      return { ...object.storage, lock: { mode, until } };
    });
  },
  PutObjectLegalHold: (state: BucketState, behaviour: Behaviour, { key, text }: ReadRequest): Answer =>
    change(state, behaviour, key, ({ storage }) => ({
      ...storage,
      legalHold: field(text, 'Status') === 'ON',
    })),
} as const;

function change(
  state: BucketState,
  { objectLock, lockByCall }: Behaviour,
  key: string,
  make: (object: StoredObject) => StoredStorage | Answer,
): Answer {
  const object = state.objects.get(key);
  if (!objectLock) return refuse(400, 'InvalidRequest');
  if (!object) return refuse(404, 'NoSuchKey');
  const made = make(object);
  if ('status' in made) return made;
  if (lockByCall === 'honoured') state.objects.set(key, { ...object, storage: made });
  return { status: 200 };
}

function retire(state: BucketState, { versioned, objectLock }: Behaviour, key: string): void {
  const current = state.objects.get(key);
  if (!current || !(versioned || objectLock)) return;
  state.versions.set(key, [current, ...(state.versions.get(key) ?? [])]);
}

function isLocked({ storage }: StoredObject, { now, locks }: Behaviour): boolean {
  if (locks !== 'enforced') return false;
  const { lock, legalHold } = storage ?? {};
  return legalHold === true || (lock !== undefined && Date.parse(lock.until) > now());
}

/** `2026-12-24T03:00:00Z`, to come. */
function lockProblem(mode: string, until: string, { now }: Behaviour): boolean {
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(until);
  return !['GOVERNANCE', 'COMPLIANCE'].includes(mode) || !isDate || Date.parse(until) <= now();
}

function field(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
}

function refuse(status: number, code: string): Answer {
  return { status, body: errorDocument(code) };
}
