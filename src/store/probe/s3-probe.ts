/** Finds out what a bucket really does: each question is a small probe, asked in an order in which one builds upon the other. */

import { type Finding, failing, notTried } from '../../domain/check.ts';
import { asArchiverError } from '../../domain/errors.ts';
import type { StoreProbe } from '../object-store.ts';
import { openBucket, type S3ClientOptions } from '../s3/client.ts';
import type { Traits } from '../s3/reliance.ts';
import { type WantedStorage, wantedClasses, wantsLock } from '../s3/storage-fit.ts';
import { ACCESS_NAME, probeAccess } from './access.ts';
import { ORDER_NAMES, probeDelete, probeListing } from './bucket.ts';
import { probeCompleteIfAbsent, probePutIfAbsent } from './conditions.ts';
import type { Probe, ProbeContext } from './context.ts';
import { probeCredentials } from './credentials.ts';
import { DIGEST_NAMES, digestProbes } from './digest-probes.ts';
import { LOCK_NAMES, probeObjectLock, probeVersioning } from './lock.ts';
import { LOCK_TRIAL_NAMES } from './lock-trial.ts';
import { keepWhatWasSeen } from './memory.ts';
import { probeEncryption, probeVersions, probeWriteRead } from './objects.ts';
import { judgeProfile } from './profile-fit.ts';
import { probeReach, probeTransport } from './reach.ts';
import { CLASS_NAME, probeStorageClasses } from './storage-class.ts';
import { openTrialFolder } from './trial-folder.ts';
import { probeMultipart, probeStaleUploads, tellLargestBody } from './uploads.ts';

export interface S3ProbeOptions extends S3ClientOptions {
  /** The smallest part of an upload, and the pool of part buffers, in bytes. */
  readonly partSize: number;
  readonly poolCapacity: number;
  /** How archives are to be kept. */
  readonly wanted: WantedStorage;
  /** The program's version. */
  readonly version: string;
}

/** Every object that a probe makes where it does no harm that another check makes it too. */
const NAMES = [
  'object',
  ACCESS_NAME,
  'absent',
  'complete',
  'multipart',
  'small-parts',
  CLASS_NAME,
  ...LOCK_NAMES,
  ...ORDER_NAMES,
];

/** The others. */
const TRIAL_NAMES = [...DIGEST_NAMES, ...LOCK_TRIAL_NAMES];

const WRITE_READ = ['write-and-read', probeWriteRead] as const;

type NamedProbe = readonly [name: string, probe: Probe];

/** `folder`: where no other check finds its objects. */
function probesOf({ profile, wanted }: S3ProbeOptions, folder: ProbeContext): NamedProbe[] {
  const locks = wantsLock(wanted.objectLock);
  const classes = wantedClasses(wanted);
  return [
    ['access', probeAccess],
    ['encryption', probeEncryption],
    ...digestProbes(folder, (profile ?? 'auto') === 'auto'),
    ['multipart', probeMultipart],
    ['put-if-absent', probePutIfAbsent],
    ['put-if-absent-on-complete', probeCompleteIfAbsent],
    ['listing', probeListing],
    ['stale-uploads', probeStaleUploads],
    ['object-lock', probeObjectLock(locks, folder)],
    ['versioning', locks ? probeVersioning : probeVersions],
    // A bucket is not asked what nobody wants to know.
    ...(classes.length > 0 ? [['storage-class', probeStorageClasses(classes)] as const] : []),
  ];
}

export function createS3Probe(options: S3ProbeOptions): StoreProbe {
  return {
    async run(keyOf, { signal }) {
      const bucket = openBucket(options);
      const context: ProbeContext = { bucket, keyOf, signal, requests: [] };
      const traits: Traits = {};
      const folder = openTrialFolder(bucket, keyOf, signal);
      const probes = probesOf(options, folder);

      const ask = async (name: string, probe: Probe): Promise<Finding> => {
        const requests: string[] = [];
        try {
          const { finding, traits: seen } = await probe({ ...context, requests });
          Object.assign(traits, seen);
          return { ...finding, requests: [...finding.requests, ...requests] };
        } catch (error) {
          signal.throwIfAborted();
          return { ...failing(name, asArchiverError(error)), requests };
        }
      };

      const before = [await probeTransport(bucket, options), await ask('credentials', probeCredentials)];
      const reach = await ask('reach', async (own) => ({ finding: await probeReach(own, options) }));
      if (reach.verdict === 'failed') return [...before, reach, ...unasked([WRITE_READ, ...probes], reach)];
      const written = await ask(...WRITE_READ);
      const found = [...before, reach, written];
      if (written.verdict === 'failed') found.push(...unasked(probes, written));
      else for (const [name, probe] of probes) found.push(await ask(name, probe));
      if (written.verdict !== 'failed') {
        const { wanted, version, profile: configured = 'auto' } = options;
        const choose = configured === 'auto';
        found.push(judgeProfile({ profile: bucket.profile, configured, wanted }, traits));
        found.push(await ask('remembered', (own) => keepWhatWasSeen(own, traits, { choose, version })));
      }
      // Also where no more than the first put went well.
      const objects = [
        ...NAMES.map((name) => [context, name] as const),
        ...TRIAL_NAMES.map((name) => [folder, name] as const),
      ];
      found.push(await ask('delete', probeDelete(objects)), tellLargestBody(options));
      return found;
    },
  };
}

function unasked(probes: readonly NamedProbe[], { check }: Finding): Finding[] {
  return probes.map(([name]) => notTried(name, `not tried, since ${check} failed`));
}
