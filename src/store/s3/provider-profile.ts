/** How S3-compatible stores differ, as data: the rest of the code asks for a property, never for a provider's name. */

import { LOCK_MODES, type ObjectLock } from '../../domain/object-lock.ts';

export type ProviderName =
  | 'aws'
  | 'cos'
  | 'oss'
  | 'obs'
  | 'r2'
  | 'b2'
  | 'gcs'
  | 's3'
  | 'minio'
  | 'ceph'
  | 'other';

export interface ProviderProfile {
  readonly name: ProviderName;
  /** As its maker calls it. */
  readonly title: string;
  /** What a user must know and no property says; Markdown. */
  readonly remark: string;
  /** Bucket in the path (`true`) or in the host name. COS and OSS refuse the path (COS for buckets made since 2024). */
  readonly pathStyle: boolean;
  /** Sent with every body, for the server to check before it stores. */
  readonly bodyCheck: 'content-md5' | 'crc32';
  /** Whether the server is known to refuse a body that does not fit it. Where not, the SHA-256 of the payload is signed on top. */
  readonly bodyCheckHonoured: boolean;
  /** Where HEAD answers a checksum of the whole object that the store computed itself. */
  readonly echo: 'x-amz-checksum-crc32' | 'x-cos-hash-crc64ecma' | 'x-oss-hash-crc64ecma' | 'none';
  /** What of its ETags is an MD5 (of the bytes, or of the parts' MD5s) when no KMS key is in play. */
  readonly md5Etags: 'all' | 'single-put' | 'none';
  /** The header that makes a put fail where something lies already. */
  readonly ifAbsent: readonly [name: string, value: string] | undefined;
  /** Whether that header is known to be honoured. Where not, puts look before and after. */
  readonly ifAbsentHonoured: boolean;
  /** Whether it is honoured in a bucket with versioning too, which object lock brings with it. */
  readonly ifAbsentAmongVersions: boolean;
  /** Whether a finished object is known to outlive the abort of another upload to its key. Where not, an upload whose key has an object is never aborted. */
  readonly abortSparesObject: boolean;
  /** Modes of object lock that S3's own headers and calls can ask for; empty where the store has none, or one that is set by other means. */
  readonly lockModes: readonly ObjectLock['mode'][];
  /** Storage classes whose objects cannot be read before a request has brought them back, which takes hours. */
  readonly coldClasses: readonly string[];
  /** Version of the list call: COS and OBS answer the second version with the first's fields, so the pages would end early. */
  readonly listing: 'v1' | 'v2';
  /** Parts of one upload on their way at once. */
  readonly partsInFlight: number;
}

export const IF_NONE_MATCH = ['If-None-Match', '*'] as const;

/** What a careful stranger gets: nothing is believed that the store has not shown. */
const OTHER: ProviderProfile = {
  name: 'other',
  title: 'any other',
  remark:
    'Run `rdb-archiver check`: it says which of the profiles above the store behaves like. rclone serve s3 and the JuiceFS gateway behave like none (below); under `auto` a run still takes the cheapest proof that it sees.',
  pathStyle: true,
  bodyCheck: 'content-md5',
  bodyCheckHonoured: false,
  echo: 'none',
  md5Etags: 'none',
  ifAbsent: IF_NONE_MATCH,
  ifAbsentHonoured: false,
  ifAbsentAmongVersions: false,
  abortSparesObject: false,
  lockModes: LOCK_MODES,
  coldClasses: ['GLACIER', 'DEEP_ARCHIVE', 'ARCHIVE', 'COLD', 'COLD_ARCHIVE', 'DEEP_COLD_ARCHIVE'],
  listing: 'v2',
  partsInFlight: 4,
};

const AWS: ProviderProfile = {
  ...OTHER,
  name: 'aws',
  title: 'Amazon S3',
  remark: 'General purpose buckets only: directory buckets list in no order.',
  pathStyle: false,
  bodyCheck: 'crc32',
  echo: 'x-amz-checksum-crc32',
  md5Etags: 'all',
  ifAbsentHonoured: true,
  ifAbsentAmongVersions: true,
  coldClasses: ['GLACIER', 'DEEP_ARCHIVE'],
  bodyCheckHonoured: true,
  abortSparesObject: true,
};

/** In the order in which they are told of. */
export const PROFILES: Readonly<Record<ProviderName, ProviderProfile>> = {
  aws: AWS,
  // Multipart ETags are not MD5s and there is no second list version (rclone's profile says so too); the CRC-64 of every object
  // is answered on HEAD (COS documentation, "CRC64 check"), and `x-cos-forbid-overwrite` is the older spelling of put-if-absent.
  cos: {
    ...OTHER,
    name: 'cos',
    title: 'Tencent COS',
    remark:
      'The bucket with its account number, `archive-1250000000`; `https://cos.ap-guangzhou.myqcloud.com`. Its object lock knows `compliance` alone, and has to be asked for; turn versioning on beside it, since without it a locked dump of a run that was killed cannot be replaced.',
    pathStyle: false,
    echo: 'x-cos-hash-crc64ecma',
    md5Etags: 'single-put',
    ifAbsent: ['x-cos-forbid-overwrite', 'true'],
    // "invalid object lock header, mode must be COMPLIANCE" (COS documentation, PUT Object Retention, says so too).
    lockModes: ['compliance'],
    coldClasses: ['ARCHIVE', 'DEEP_ARCHIVE', 'MAZ_ARCHIVE'],
    listing: 'v1',
    bodyCheckHonoured: true,
    abortSparesObject: true,
  },
  // Answers 501 to If-None-Match on a put.
  oss: {
    ...OTHER,
    name: 'oss',
    title: 'Alibaba OSS',
    remark:
      '`https://s3.oss-cn-hangzhou.aliyuncs.com`, the address of its S3 interface. Its retention policies are set on the bucket, not by this program.',
    pathStyle: false,
    echo: 'x-oss-hash-crc64ecma',
    md5Etags: 'single-put',
    ifAbsent: ['x-oss-forbid-overwrite', 'true'],
    lockModes: [],
    coldClasses: ['GLACIER', 'DEEP_ARCHIVE', 'ARCHIVE', 'COLD_ARCHIVE', 'DEEP_COLD_ARCHIVE'],
    bodyCheckHonoured: true,
    abortSparesObject: true,
  },
  // WORM by the mode COMPLIANCE alone, and never with an upload in parts, only by a call of its own behind it (OBS API, "Configuring WORM").
  obs: {
    ...OTHER,
    name: 'obs',
    title: 'Huawei OBS',
    remark: '`https://obs.cn-north-4.myhuaweicloud.com`. Its object lock (WORM) knows `compliance` alone.',
    pathStyle: false,
    md5Etags: 'single-put',
    lockModes: ['compliance'],
    coldClasses: ['COLD', 'GLACIER', 'DEEP_ARCHIVE'],
    listing: 'v1',
    bodyCheckHonoured: true,
    abortSparesObject: true,
  },
  // Two parts at once: more of them are answered with errors (litestream's provider guide).
  r2: {
    ...OTHER,
    name: 'r2',
    title: 'Cloudflare R2',
    remark: 'Its region is always `auto`. Its bucket locks are set on the bucket, not by this program.',
    md5Etags: 'all',
    ifAbsentHonoured: true,
    // There are no versions.
    ifAbsentAmongVersions: true,
    lockModes: [],
    coldClasses: [],
    partsInFlight: 2,
    bodyCheckHonoured: true,
    abortSparesObject: true,
  },
  b2: {
    ...OTHER,
    name: 'b2',
    title: 'Backblaze B2',
    remark: 'Deletes hide: have a lifecycle rule remove hidden versions.',
    md5Etags: 'single-put',
    coldClasses: [],
    abortSparesObject: true,
  },
  // Its own precondition header cannot be mixed with S3's headers.
  gcs: {
    ...OTHER,
    name: 'gcs',
    title: 'Google Cloud Storage',
    remark:
      'HMAC keys, through `https://storage.googleapis.com`. Its retention policies are set on the bucket, not by this program.',
    md5Etags: 'single-put',
    ifAbsent: undefined,
    lockModes: [],
    coldClasses: [],
    bodyCheckHonoured: true,
    abortSparesObject: true,
  },
  s3: {
    ...AWS,
    name: 's3',
    title: 'any store that keeps the promises of Amazon S3',
    remark:
      'Name it yourself where `check` advises it: Ceph 20.2.4, Versity S3 Gateway 1.8.0 and SeaweedFS 4.48 (which lists folder by folder) were seen to do all of it, S3Proxy 4.1.0 all but object lock (below).',
    pathStyle: true,
    coldClasses: OTHER.coldClasses,
  },
  minio: {
    ...OTHER,
    name: 'minio',
    title: 'MinIO',
    remark:
      'Name the profile yourself: no address tells it. JuiceFS, whose gateway calls itself MinIO too, is none: take `auto`.',
    md5Etags: 'all',
    ifAbsentHonoured: true,
    ifAbsentAmongVersions: true,
    coldClasses: [],
    bodyCheckHonoured: true,
    abortSparesObject: true,
  },
  ceph: {
    ...OTHER,
    name: 'ceph',
    title: "Ceph's RADOS Gateway",
    remark:
      'Name the profile yourself: no address tells it. Version 16 takes no lock with an upload in parts, so it is asked for afterwards; and it forgets put-if-absent where versioning is on. Version 20 does neither, and proves by CRC-32: name it `s3`.',
    md5Etags: 'all',
    ifAbsentHonoured: true,
    coldClasses: [],
    bodyCheckHonoured: true,
    abortSparesObject: true,
  },
  other: OTHER,
};

/** For each provider an address that tells it, for the page about them. */
export const EXAMPLE_HOSTS: Partial<Readonly<Record<ProviderName, string>>> = {
  aws: 's3.eu-west-1.amazonaws.com',
  cos: 'cos.ap-guangzhou.myqcloud.com',
  oss: 's3.oss-cn-hangzhou.aliyuncs.com',
  obs: 'obs.cn-north-4.myhuaweicloud.com',
  r2: '0123456789abcdef.r2.cloudflarestorage.com',
  b2: 's3.us-west-004.backblazeb2.com',
  gcs: 'storage.googleapis.com',
};

/** Endpoint hosts by provider; the group, where there is one, is the region that requests must be signed for. */
const HOSTS: readonly (readonly [ProviderName, RegExp])[] = [
  ['aws', /(?:^|\.)s3[.-](?:fips\.|dualstack\.)*([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?$/],
  ['aws', /(?:^|\.)amazonaws\.com(?:\.cn)?$/],
  ['cos', /(?:^|\.)cos(?:-internal)?\.([a-z]+(?:-[a-z0-9]+)+)\.(?:myqcloud\.com|tencentcos\.cn)$/],
  ['cos', /\.(?:myqcloud\.com|tencentcos\.cn)$/],
  ['oss', /(?:^|\.)(?:s3\.)?oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$/],
  ['obs', /(?:^|\.)obs\.([a-z0-9-]+)\.myhuaweicloud\.(?:com|eu)$/],
  ['r2', /\.r2\.cloudflarestorage\.com$/],
  ['b2', /(?:^|\.)s3\.([a-z0-9-]+)\.backblazeb2\.com$/],
  ['gcs', /(?:^|\.)storage\.googleapis\.com$/],
];

interface Provider {
  readonly profile: ProviderProfile;
  /** The region that the endpoint's name shows; absent where it shows none. */
  readonly region?: string;
}

/** Finds the provider by its name, or for `auto` by the endpoint's host; no endpoint is AWS. */
export function providerFor(profile: 'auto' | ProviderName, endpoint: string | undefined): Provider {
  const found = endpoint === undefined ? { name: 'aws' as const } : byHost(new URL(endpoint).hostname);
  const name = profile === 'auto' ? found.name : profile;
  return { profile: PROFILES[name], ...(found.region === undefined ? {} : { region: found.region }) };
}

function byHost(host: string): { readonly name: ProviderName; readonly region?: string } {
  for (const [name, pattern] of HOSTS) {
    const match = pattern.exec(host);
    if (match === null) continue;
    const region = name === 'r2' ? 'auto' : match[1];
    return { name, ...(region === undefined ? {} : { region }) };
  }
  return { name: 'other' };
}
