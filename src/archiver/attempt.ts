/**
 * One attempt at a backup: where it puts its dumps, and what it takes away again when nothing came of them. Dumps that are stored as they
 * came have keys that all attempts share, and are left to the next one; encrypted bytes are others each time and lie in a folder of
 * the attempt's own, where only the attempt itself would ever look again.
 */
import type { AttemptPlace } from '../domain/archive-key.ts';
import { type BackupJob, type BackupPorts, refOf } from './fetch-file.ts';

export interface Attempt {
  dumpKey(index: number, count: number): string;
  quarantineKey(index: number, count: number): string;
  /** Before a manifest or a record is written: until `committed` is called nobody knows whether the dumps belong to it. */
  committing(): void;
  /** These keys belong to an archive or a record, and no others of the attempt. */
  committed(keys: readonly string[]): void;
  /** Keys in the folder of an earlier attempt that nothing belongs to any more. */
  supersedes(keys: readonly string[]): void;
  /** Removes what belongs to nothing. Never rejects, and takes a short time: what is left over costs only its room, until `expire`. */
  cleanUp(): Promise<void>;
}

/** Milliseconds; after the signal that ends the run too, since a pod is killed after sixty seconds. */
const CLEAN_UP_TIMEOUT = 10_000;

export function beginAttempt(job: BackupJob, { layout, transfer }: BackupPorts): Attempt {
  const { form, store, clock } = transfer;
  const place: AttemptPlace | undefined = form && {
    attempt: `${job.runId}-${job.attempt}`,
    suffix: form.suffix,
  };
  const unneeded = new Set<string>();
  let inDoubt = false;

  function own(key: string): string {
    if (place) unneeded.add(key);
    return key;
  }

  return {
    dumpKey: (index, count) => own(layout.dumpKey(refOf(job), index, count, place)),
    quarantineKey: (index, count) => own(layout.quarantineKey(refOf(job), index, count, place)),
    committing() {
      inDoubt = true;
    },
    committed(keys) {
      inDoubt = false;
      for (const key of keys) unneeded.delete(key);
    },
    supersedes(keys) {
      for (const key of keys) unneeded.add(key);
    },
    async cleanUp() {
      if (inDoubt || unneeded.size === 0) return;
      const late = new AbortController();
      const alarm = clock.alarm(CLEAN_UP_TIMEOUT, () => late.abort());
      alarm.restart();
      try {
        await Promise.allSettled([...unneeded].map((key) => store.delete(key, { signal: late.signal })));
      } finally {
        alarm.stop();
      }
    },
  };
}
