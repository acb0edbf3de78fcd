/** Holds the link of one file for one transfer: fresh when the transfer starts, renewed when it dies in mid-transfer. */
import type { BackupFile } from '../domain/backup.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { Link } from '../domain/link.ts';

/** Asks the cloud for all files of the backup, each with a new link. */
export type AskForFiles = (signal: AbortSignal) => Promise<readonly BackupFile[]>;

export interface LinkLease {
  /** A link that has not lapsed. Asks for a new one when the one at hand is old or about to lapse. */
  current(signal: AbortSignal): Promise<Link>;
  /** The link at hand was refused: asks for a new one. The file is found again by its name. */
  renew(signal: AbortSignal): Promise<Link>;
  /** True when the link at hand has passed its own expiry, so that a refusal is no surprise. */
  lapsed(): boolean;
}

export interface LeaseOptions {
  /** The file as it was just listed, and when that was (milliseconds since the epoch). */
  readonly file: BackupFile;
  readonly askedAt: number;
  readonly ask: AskForFiles;
  readonly clock: Clock;
  readonly onRenewal: () => void;
}

/** A link handed over this recently counts as asked for now: the shards of a backup begin together with one call. */
const FRESH_MS = 5_000;
/** A link this close to its end is replaced before it is used; a running transfer is not interrupted for it. */
const EXPIRY_MARGIN_MS = 60_000;

export function createLinkLease(options: LeaseOptions): LinkLease {
  const { clock, ask, file } = options;
  let link = file.link;
  let used = false;

  /** Several connections may find out at once that the link is dead: one question is enough. */
  let asking: { readonly signal: AbortSignal; readonly answer: Promise<Link> } | undefined;
  async function renew(signal: AbortSignal): Promise<Link> {
    asking ??= {
      signal,
      answer: askAnew(signal).finally(() => {
        asking = undefined;
      }),
    };
    const question = asking;
    try {
      return await question.answer;
    } catch (error) {
      // Whoever asked was called off; we were not.
      if (signal.aborted || !question.signal.aborted) throw error;
      return renew(signal);
    }
  }

  async function askAnew(signal: AbortSignal): Promise<Link> {
    const files = await ask(signal);
    const same = files.find((candidate) => candidate.name === file.name);
    if (!same) {
      throw new ArchiverError(
        'backup-gone',
        `the cloud no longer offers the file ${file.name} of this backup`,
      );
    }
    link = same.link;
    return link;
  }

  return {
    async current(signal) {
      const now = clock.now();
      const stale = !used && now - options.askedAt > FRESH_MS;
      const dying = link.expiresAt - now < EXPIRY_MARGIN_MS;
      if (used && dying) options.onRenewal();
      used = true;
      return stale || dying ? renew(signal) : link;
    },
    async renew(signal) {
      options.onRenewal();
      return renew(signal);
    },
    lapsed: () => link.expiresAt <= clock.now(),
  };
}
