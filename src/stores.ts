/** Part of the composition root: the configured destination, as a store and as what `check` tries out. */
import type { Config, DestinationConfig } from './config/schema.ts';
import type { Clock } from './domain/clock.ts';
import { createAgents } from './network/agents.ts';
import type { ObjectStore, StoreProbe } from './store/object-store.ts';

export interface Destination {
  readonly store: ObjectStore;
  /** Loaded only where somebody asks. It uses the store's connections. */
  openProbe(): Promise<StoreProbe>;
}

/** Loads only the adapter that is needed: the S3 client takes most of the program's start. */
export async function openDestination(config: Config, clock: Clock): Promise<Destination> {
  const { destination, partSize, bufferMemory, environment } = config;
  if (destination.kind === 'file') {
    const { createFileStore } = await import('./store/file-store.ts');
    const { directory } = destination;
    return {
      store: createFileStore({ directory }),
      async openProbe() {
        const { createFileProbe } = await import('./store/file-probe.ts');
        return createFileProbe({ directory });
      },
    };
  }
  const [{ createS3Store }, { createBufferPool }] = await Promise.all([
    import('./store/s3-store.ts'),
    import('./store/buffer-pool.ts'),
  ]);
  const options = { ...s3Options(destination), partSize, agents: createAgents(environment), clock };
  return {
    store: createS3Store({ ...options, pool: createBufferPool(bufferMemory) }),
    async openProbe() {
      const { createS3Probe } = await import('./store/s3-probe.ts');
      return createS3Probe({ ...options, poolCapacity: bufferMemory });
    },
  };
}

function s3Options(destination: Extract<DestinationConfig, { kind: 's3' }>) {
  const { kind: _, prefix: __, ...options } = destination;
  return options;
}
