/** How the S3 stand-in behaves, as a test may set it at any time, and what it answers with. */

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** XML, or an object's bytes. */
  readonly body?: string | readonly Buffer[];
}

/** How this server behaves; a test may change it at any time. */
export interface Behaviour extends StorageBehaviour {
  readonly mode: 'aws' | 'cos' | 'ceph';
  /** Keys a page. */
  pageSize: number;
  /** Bytes of the smallest part but the last. */
  minPartSize: number;
  conditionalWrites: 'honoured' | 'refused' | 'ignored';
  /** Shown in answers; with a KMS key the ETags are no MD5s. */
  encryption: 'none' | 'AES256' | 'aws:kms';
  /** A deleted object leaves a delete marker, and its bytes stay. */
  versioned: boolean;
  /** `made-up`: HEAD shows one of every object, although no versions are kept, as gofakes3 does. */
  versionIds: 'of-versions' | 'made-up';
  /** What the ETags of uploads in parts are: the MD5 of the parts' MD5s, or nothing that anybody could work out (always so with `cos`). */
  multipartEtags: 'md5' | 'opaque';
  /** `given-back`: no digest of a body is compared, and the checksums that came with it are what the store answers, as rclone, gofakes3 and moto do. */
  checks: 'verified' | 'given-back';
  /** `given-back`: the ETag is what came as Content-MD5. */
  etags: 'computed' | 'given-back';
  /** `deletes-object`: giving up an upload deletes the finished object of the same key too, as S3Mock does. */
  abort: 'spares-object' | 'deletes-object';
  /** What CRC-32 is answered of an upload in parts: that of the parts' (`COMPOSITE`, as S3 does), or that of the whole (`FULL_OBJECT`, as Ceph 20 does). */
  multipartCrc32: 'composite' | 'full-object';
  /** `ignored`: answers with the whole object, whatever range or condition the request names, as a simple gateway does. */
  ranges: 'honoured' | 'ignored';
  /** `ignored`: takes any key for the right one, as gateways do that were started without any. */
  signatures: 'checked' | 'ignored';
  /** A header without which it refuses: everything where the requester pays, puts where a policy wants them encrypted. */
  demands: 'nothing' | 'x-amz-request-payer' | 'x-amz-server-side-encryption';
  /** `folders`: folder by folder, and behind the bare name of a folder nothing of it, as SeaweedFS lists; `none`: as a directory bucket does. */
  listOrder: 'bytes' | 'folders' | 'none';
  /** `without-keys`: it encrypts by default, and has nothing to do it with, so that it refuses every object. */
  defaultEncryption: 'none' | 'without-keys';
  /** Says that a page is not the last without saying how to go on, as a list of the first version looks to a client of the second. */
  tokenlessPages: boolean;
}

/** What a test may set of it, at any time. */
export interface StorageBehaviour {
  /** Objects can be locked; overwritten and deleted versions stay. */
  objectLock: boolean;
  /** Every object that asks for no lock is locked for so long, by `COMPLIANCE`; 0 for none. */
  defaultRetentionDays: number;
  /** `not-in-parts`: ignored without a word where an upload in parts begins, as Ceph 16 does (always so with `ceph`). */
  lockWithUpload: 'honoured' | 'not-in-parts' | 'ignored';
  /** `ignored`: PutObjectRetention says yes and does nothing. */
  lockByCall: 'honoured' | 'ignored';
  /** `shown-only`: a locked version can be deleted like any other, as in S3Mock. `given-back`: the store knows of no lock and gives back every header it was sent, as rclone and gofakes3 do. */
  locks: 'enforced' | 'shown-only' | 'given-back';
  /** HEAD shows a lock only to who may see it. */
  lockShown: boolean;
  /** Others are refused. */
  storageClasses: readonly string[];
  /** Cannot be read at once. */
  coldClasses: readonly string[];
  /** Milliseconds since the epoch: by which a lock ends. */
  now: () => number;
}

export function defaultStorageBehaviour(): StorageBehaviour {
  return {
    objectLock: false,
    defaultRetentionDays: 0,
    lockWithUpload: 'honoured',
    lockByCall: 'honoured',
    locks: 'enforced',
    lockShown: true,
    storageClasses: ['STANDARD', 'STANDARD_IA', 'INTELLIGENT_TIERING', 'GLACIER', 'DEEP_ARCHIVE'],
    coldClasses: ['GLACIER', 'DEEP_ARCHIVE'],
    now: Date.now,
  };
}
