/** A world with an encrypted backup, and who may open it. */
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { Config } from '../../src/config/schema.ts';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import { encryptedDump, keyFrom } from '../../src/sandbox/encrypted-dump.ts';
import { type RealDumpName, realDump } from '../../src/sandbox/real-dumps.ts';
import type { World } from '../../src/sandbox/world.ts';
import { HOUR_MS } from './builders.ts';
import { INSTANCE } from './scenario.ts';

/** Of every backup that `addEncrypted` adds. */
export const CLOUD_KEY = keyFrom('the tests');
export const KMS_KEY = '6d0b1a52-0f0c-4a3e-9a55-5f2f0c1d7e88';

export interface EncryptedOptions {
  readonly id?: string;
  readonly instanceId?: string;
  readonly hoursAgo?: number;
  /** One, or one a shard. */
  readonly dumps?: readonly RealDumpName[];
  /** What the cloud hands out, where that is not the key. */
  readonly key?: string;
  /** What the cloud says of a file's size, from what it is. */
  readonly announced?: (size: number) => number;
}

/** To an instance that is there. */
export function addEncrypted(world: World, clock: { now(): number }, options: EncryptedOptions = {}): void {
  const { id = 'backup-1', instanceId = INSTANCE, hoursAgo = 3, dumps = ['standard-2.rdb'] } = options;
  world.addBackup(instanceId, {
    id,
    startedAt: clock.now() - hoursAgo * HOUR_MS,
    encrypted: true,
    key: { text: options.key ?? CLOUD_KEY, kmsKeyId: KMS_KEY },
    files: dumps.map((name, index) => {
      const dump = encryptedDump(realDump(name), CLOUD_KEY);
      const announcedSize = options.announced?.(dump.size);
      return {
        name: `redis-${index + 1}.rdb`,
        dump,
        ...(announcedSize !== undefined && { announcedSize }),
      };
    }),
  });
}

/** One instance with one encrypted backup. */
export function encryptedWorld(options: EncryptedOptions = {}) {
  return (world: World, clock: { now(): number }): void => {
    world.addInstance({ id: INSTANCE, name: 'orders', shards: options.dumps?.length ?? 1 });
    addEncrypted(world, clock, options);
  };
}

export interface Holder {
  readonly identity: string;
  readonly recipient: string;
  /** Archives with the keys sealed for this one. */
  readonly sealing: Pick<Config, 'encryptedBackups' | 'keyRecipients'>;
  /** Opens what is sealed for this one. */
  readonly opening: Pick<Config, 'ageIdentities'>;
}

export async function newHolder(): Promise<Holder> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  return {
    identity,
    recipient,
    sealing: { encryptedBackups: 'seal', keyRecipients: [recipient] },
    opening: { ageIdentities: fixed([new Secret(identity)]) },
  };
}

/** A recipient as somebody mistypes it: its last letter is another, whatever it was. */
export function mistyped(recipient: string): string {
  return `${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`;
}
