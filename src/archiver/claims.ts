/**
 * Which run of the process is to archive what, since a tick begins a run while those before it still transfer: the newest plan has all that is not begun,
 * and what is begun stays with the run that began it.
 */
import type { Subject } from './survey.ts';

export interface Claim {
  /** Aborted when a later run has claimed it. */
  lost(): AbortSignal;
  /** From now on it stays with this run. */
  begin(): void;
  end(): void;
}

export interface Claims {
  /** Undefined where an earlier run is at it. */
  claim(subject: Subject): Claim | undefined;
  /** Whether a run is at it. */
  isBegun(subject: Subject): boolean;
  /** A picture of what runs are at now, to be asked later. */
  begunNow(): (subject: Subject) => boolean;
}

interface Entry {
  begun: boolean;
  /** Made for those few that wait for their turn: a fleet has a hundred thousand. */
  loss?: AbortController;
  isLost: boolean;
}

export function createClaims(): Claims {
  const entries = new Map<string, Entry>();

  return {
    claim(subject) {
      const id = identityOf(subject);
      const earlier = entries.get(id);
      if (earlier?.begun) return undefined;
      if (earlier) {
        earlier.isLost = true;
        earlier.loss?.abort();
      }
      const entry: Entry = { begun: false, isLost: false };
      entries.set(id, entry);
      return {
        lost() {
          entry.loss ??= new AbortController();
          if (entry.isLost) entry.loss.abort();
          return entry.loss.signal;
        },
        begin() {
          entry.begun = true;
        },
        end() {
          if (entries.get(id) === entry) entries.delete(id);
        },
      };
    },
    isBegun: (subject) => entries.get(identityOf(subject))?.begun === true,
    begunNow() {
      const begun = new Set([...entries].flatMap(([id, entry]) => (entry.begun ? [id] : [])));
      return (subject) => begun.has(identityOf(subject));
    },
  };
}

function identityOf({ source, backup }: Subject): string {
  return JSON.stringify([source.name, backup.instanceId, backup.id]);
}
