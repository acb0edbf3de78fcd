/** Which of several workers an instance falls to: rendezvous hashing, so that a change of their number moves as few as can be. */
import type { Instance } from '../domain/instance.ts';

export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/**
 * True when the instance is this worker's. One that the cloud no longer lists is always the first worker's: the others need not page
 * through a whole region to find it.
 */
export function isMine(instance: Pick<Instance, 'id' | 'vanished'>, shard: Shard): boolean {
  return instance.vanished && shard.count > 1 ? shard.index === 0 : belongsTo(instance.id, shard);
}

/** True when the id is this worker's. Every worker comes to the same answer without asking the others. */
export function belongsTo(instanceId: string, shard: Shard): boolean {
  return shard.count === 1 || ownerOf(instanceId, shard.count) === shard.index;
}

/** The worker with the highest weight for this instance; a worker more takes only those that it now wins. */
function ownerOf(instanceId: string, count: number): number {
  const seed = fnv1a(instanceId);
  let owner = 0;
  let highest = -1;
  for (let index = 0; index < count; index += 1) {
    const weight = mix(seed ^ Math.imul(index + 1, 0x9e3779b1));
    if (weight > highest) [owner, highest] = [index, weight];
  }
  return owner;
}

/** FNV-1a over the UTF-8 bytes, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

/** The finisher of MurmurHash3: every bit of the input reaches every bit of the weight. */
function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
