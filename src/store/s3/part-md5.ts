/**
 * The MD5s of parts, two at a time where two are to be had: a part is digested when it is full, and waits a moment for the next one of its
 * size, of whichever upload. It never waits where parts come slowly (8 MiB parts below some 160 MB/s): there the line is the limit, and the sooner a
 * part leaves the better.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import { md5Pair } from '../../integrity/md5-pair.ts';

export interface PartMd5 {
  /** 16 bytes. `bytes` must stay as they are until then. `last`: nothing of this body follows. */
  digest(bytes: Uint8Array, last: boolean): Promise<Buffer>;
}

/** Milliseconds: a part of 8 MiB is full after these where 160 MB come in a second. */
const PATIENCE = 50;

/** Bytes that are digested at once: nothing else is done meanwhile. Parts of more than half of it go alone, and piece by piece. */
const AT_ONCE = 16 * 1024 * 1024;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: (md5: Buffer | Promise<Buffer>) => void;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** For uploads that could not fill a second part while a first one waits. */
export const eachAlone: PartMd5 = { digest: md5 };

/** Shared by all uploads to a store. */
export function createPartMd5(clock: Clock, digestPair = md5Pair): PartMd5 {
  let waiting: Waiting | undefined;
  let cameAt = Number.NEGATIVE_INFINITY;

  function take(): Waiting | undefined {
    alarm.stop();
    const taken = waiting;
    waiting = undefined;
    return taken;
  }

  /** Whatever happens here, nobody waits on: where there is no memory for WebAssembly, each is digested alone. */
  function inPair(bytes: Uint8Array, other: Waiting): Buffer | Promise<Buffer> {
    take();
    try {
      const [mine, its] = digestPair(bytes, other.bytes);
      other.resolve(its);
      return mine;
    } catch {
      other.resolve(md5(other.bytes));
      return md5(bytes);
    }
  }

  const goAlone = (): void => {
    const alone = take();
    alone?.resolve(md5(alone.bytes));
  };
  const alarm = clock.alarm(PATIENCE, goAlone);

  return {
    async digest(bytes, last) {
      const arePartsFast = clock.now() - cameAt < PATIENCE;
      cameAt = clock.now();
      // What has just come in over the network is taken first: this holds it up for some milliseconds.
      await nextTurn();
      if (waiting?.bytes.length === bytes.length) return inPair(bytes, waiting);
      if (last || !arePartsFast || 2 * bytes.length > AT_ONCE) return md5(bytes);
      goAlone();
      return new Promise((resolve) => {
        waiting = { bytes, resolve };
        alarm.restart();
      });
    },
  };
}

async function md5(bytes: Uint8Array): Promise<Buffer> {
  const hash = createHash('md5');
  for (let position = 0; position < bytes.length; position += AT_ONCE) {
    if (position > 0) await nextTurn();
    hash.update(bytes.subarray(position, position + AT_ONCE));
  }
  return hash.digest();
}
