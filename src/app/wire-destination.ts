/** Part of the composition root: the configured destination, as a store and as what `check` tries out. */
import type { Config, S3Destination } from '../config/schema.ts';
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { CheckFacts } from '../domain/check.ts';
import type { Clock } from '../domain/clock.ts';
import { asArchiverError } from '../domain/errors.ts';
import { createAgents } from '../network/agents.ts';
import type { CallOptions, ObjectStore, Preparation, StoreProbe } from '../store/object-store.ts';
import type { Bucket } from '../store/s3/client.ts';
import type { WantedStorage } from '../store/s3/storage-fit.ts';
import { createPlainGet } from '../transfer/plain-get.ts';
import { readVersion } from '../version.ts';

export interface Destination {
  readonly store: ObjectStore;
  /**
   * Finds out how far the destination is to be relied on; until then it is not. To be called before anything is archived. Rejects where
   * the store would not keep an archive (`store-refused`), cannot be reached, or with the signal's reason.
   */
  prepare(options: CallOptions): Promise<Preparation>;
  /** Loaded only where somebody asks. It uses the store's connections. */
  openProbe(): Promise<StoreProbe>;
}

/** Loads only the adapter that is needed: the S3 client takes most of the program's start. */
export async function openDestination(
  config: Config,
  {
    clock,
    layout,
    warn = () => {},
  }: {
    readonly clock: Clock;
    readonly layout: Pick<ArchiveLayout, 'probeKey' | 'dataPrefix'>;
    /** Told of keys that cannot be read any more where they lay. */
    readonly warn?: (message: string) => void;
  },
): Promise<Destination> {
  const { destination, sources, partSize, environment } = config;
  const { probeKey: keyOf, dataPrefix } = layout;
  const bufferMemory = config.bufferMemory - segmentMemory(config);
  if (destination.kind === 'file') {
    const { createFileStore } = await import('../store/file/file-store.ts');
    const options = { directory: destination.directory, access: config.fileAccess };
    const { createFilePreparation } = await import('../store/file/prepare.ts');
    const store = createFileStore(options);
    return {
      store,
      prepare: createFilePreparation(store, keyOf),
      async openProbe() {
        const { createFileProbe } = await import('../store/file/probe.ts');
        return createFileProbe(options);
      },
    };
  }
  const [
    { createS3Store },
    { openBucket, relyingOn },
    { createBufferPool },
    { assertStorageFits },
    { settle },
    { unseen },
    { createPreparation },
  ] = await Promise.all([
    import('../store/s3/s3-store.ts'),
    import('../store/s3/client.ts'),
    import('../store/buffer-pool.ts'),
    import('../store/s3/storage-fit.ts'),
    import('../store/s3/aws-settings.ts'),
    import('../store/s3/reliance.ts'),
    import('../store/probe/prepare.ts'),
  ]);
  const settled = await settle(s3Options(destination));
  const agents = createAgents(environment, clock);
  const options = { ...settled, partSize, agents, clock, warn, socketGet: createPlainGet(agents, clock) };
  const wanted = wantedOf(config, destination);
  const bucket = openBucket(options);
  const choose = destination.profile === 'auto';
  assertStorageFits(wanted, bucket.profile, choose ? 'open' : 'claimed');
  const version = readVersion();
  let relied = relyingOn(bucket, unseen(bucket.profile));
  const rely = (seen: Bucket) => {
    relied = seen;
  };
  return {
    store: createS3Store({ ...options, bucket: () => relied, pool: createBufferPool(bufferMemory) }),
    prepare: createPreparation({
      bucket,
      choose,
      wanted,
      version,
      keyOf,
      dumpKeys: sources.map(({ name }) => `${dataPrefix(name)}trial`),
      rely,
    }),
    async openProbe() {
      const { createS3Probe } = await import('../store/probe/s3-probe.ts');
      return createS3Probe({ ...options, poolCapacity: bufferMemory, wanted, version });
    },
  };
}

/** The bucket as it is in force, whoever said so, for people; empty for a folder. Nothing is asked of it. */
export async function describeDestination(
  { destination, environment }: Config,
  clock: Clock,
): Promise<CheckFacts> {
  if (destination.kind === 'file') return {};
  const [{ settle }, { openBucket }, { destinationInForce }] = await Promise.all([
    import('../store/s3/aws-settings.ts'),
    import('../store/s3/client.ts'),
    import('../store/s3/in-force.ts'),
  ]);
  const options = {
    ...(await settle(s3Options(destination))),
    agents: createAgents(environment, clock),
    clock,
  };
  try {
    return await destinationInForce(openBucket(options), options);
  } catch (error) {
    return { unknown: asArchiverError(error).message };
  }
}

/**
 * What of the buffer memory the segments of parallel downloads get: a pool of their own, since uploads and segments that wait for each
 * other's buffers would wait for ever. At least one part is left.
 */
export function segmentMemory({ connections, bufferMemory, partSize }: Config): number {
  return connections === 1 ? 0 : Math.min(Math.floor(bufferMemory / 2), bufferMemory - partSize);
}

function wantedOf(
  { objectLock, storageClasses, readback }: Config,
  { storageClass }: S3Destination,
): WantedStorage {
  return { objectLock, storageClasses, readback, ...(storageClass !== undefined && { storageClass }) };
}

function s3Options(destination: S3Destination) {
  const { kind: _, prefix: __, storageClass: ___, ...options } = destination;
  return options;
}
