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
  /** Before a run looks around. */
  look(): Look;
}

export interface Look {
  /**
   * Undefined where an earlier run is at it, or was since the look began: what has ended meanwhile may be archived, or in quarantine, behind the back of
   * the listing, and would be fetched again.
   */
  claim(subject: Subject): Claim | undefined;
  /** When all is claimed. */
  end(): void;
}

interface Entry {
  begun: boolean;
  /** Made for those few that wait for their turn: a fleet has a hundred thousand. */
  loss?: AbortController;
  isLost: boolean;
}

export function createClaims(): Claims {
  const entries = new Map<string, Entry>();
  /** Of each look that goes on, what was begun by its beginning or has been since. */
  const looks = new Set<Set<string>>();

  function claim(id: string): Claim {
    const earlier = entries.get(id);
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
        for (const begun of looks) begun.add(id);
      },
      end() {
        if (entries.get(id) === entry) entries.delete(id);
      },
    };
  }

  return {
    look() {
      const begun = new Set([...entries].flatMap(([id, entry]) => (entry.begun ? [id] : [])));
      looks.add(begun);
      return {
        claim(subject) {
          const id = identityOf(subject);
          return begun.has(id) ? undefined : claim(id);
        },
        end: () => void looks.delete(begun),
      };
    },
  };
}

function identityOf({ source, backup }: Subject): string {
  return JSON.stringify([source.name, backup.instanceId, backup.id]);
}
