/** Finds out what a bucket really does: each question is a small probe, asked in an order in which one builds upon the other. */

import { type Finding, failing, notTried } from '../../domain/check.ts';
import { asArchiverError } from '../../domain/errors.ts';
import type { StoreProbe } from '../object-store.ts';
import { openBucket, type S3ClientOptions } from '../s3/client.ts';
import { type WantedStorage, wantedClasses } from '../s3/storage-fit.ts';
import { probeAccess } from './access.ts';
import { probeDelete, probeListing } from './bucket.ts';
import { probeCompleteIfAbsent, probePutIfAbsent } from './conditions.ts';
import type { Probe, ProbeContext, Traits } from './context.ts';
import { probeCredentials } from './credentials.ts';
import { LOCK_NAMES, probeObjectLock, probeVersioning, wantsLock } from './lock.ts';
import { probeBodyChecks, probeEncryption, probeProof, probeWriteRead } from './objects.ts';
import { judgeProfile } from './profile-fit.ts';
import { probeReach, probeTransport } from './reach.ts';
import { CLASS_NAME, probeStorageClasses } from './storage-class.ts';
import { probeMultipart, probeStaleUploads, tellLargestBody } from './uploads.ts';

export interface S3ProbeOptions extends S3ClientOptions {
  /** The smallest part of an upload, and the pool of part buffers, in bytes. */
  readonly partSize: number;
  readonly poolCapacity: number;
  /** How archives are to be kept. */
  readonly wanted: WantedStorage;
}

/** Every object that a probe makes. */
const NAMES = [
  'object',
  'checked',
  'absent',
  'complete',
  'multipart',
  'small-parts',
  CLASS_NAME,
  ...LOCK_NAMES,
];

const WRITE_READ = ['write-and-read', probeWriteRead] as const;

type NamedProbe = readonly [name: string, probe: Probe];

const PROBES: readonly NamedProbe[] = [
  ['access', probeAccess],
  ['encryption', probeEncryption],
  ['checks-on-arrival', probeBodyChecks],
  ['multipart', probeMultipart],
  ['proof', probeProof],
  ['put-if-absent', probePutIfAbsent],
  ['put-if-absent-on-complete', probeCompleteIfAbsent],
  ['listing', probeListing],
  ['stale-uploads', probeStaleUploads],
];

/** Further ones where the configuration asks for something: a bucket is not asked what nobody wants to know. */
function storageProbes(wanted: WantedStorage): NamedProbe[] {
  const locks = wantsLock(wanted.objectLock);
  const classes = wantedClasses(wanted);
  return [
    ['object-lock', probeObjectLock(locks)],
    ...(locks ? [['versioning', probeVersioning] as const] : []),
    ...(classes.length > 0 ? [['storage-class', probeStorageClasses(classes)] as const] : []),
  ];
}

export function createS3Probe(options: S3ProbeOptions): StoreProbe {
  return {
    async run(keyOf, { signal }) {
      const bucket = openBucket(options);
      const context: ProbeContext = { bucket, keyOf, signal };
      const traits: Traits = {};
      const probes = [...PROBES, ...storageProbes(options.wanted)];

      const ask = async (name: string, probe: Probe): Promise<Finding> => {
        try {
          const { finding, traits: seen } = await probe(context);
          Object.assign(traits, seen);
          return finding;
        } catch (error) {
          signal.throwIfAborted();
          return failing(name, asArchiverError(error));
        }
      };

      const before = [await probeTransport(bucket), await ask('credentials', probeCredentials)];
      const reach = await ask('reach', async () => ({
        finding: await probeReach(bucket, options, keyOf(''), signal),
      }));
      if (reach.verdict === 'failed') return [...before, reach, ...unasked([WRITE_READ, ...probes], reach)];
      const written = await ask(...WRITE_READ);
      const found = [...before, reach, written];
      if (written.verdict === 'failed') found.push(...unasked(probes, written));
      else for (const [name, probe] of probes) found.push(await ask(name, probe));
      if (written.verdict !== 'failed')
        found.push(judgeProfile(bucket.profile, options.profile ?? 'auto', traits));
      // Also where no more than the first put went well.
      found.push(await ask('delete', probeDelete(NAMES)), tellLargestBody(options));
      return found;
    },
  };
}

function unasked(probes: readonly NamedProbe[], { check }: Finding): Finding[] {
  return probes.map(([name]) => notTried(name, `not tried, since ${check} failed`));
}
