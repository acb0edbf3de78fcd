/** Backups from the future: none was made yet, so this machine's clock is slow, or the source's `utcOffset` is not the cloud's zone. */
import { type Instant, toEpoch } from './instant.ts';

/** So far two clocks may be apart that are both well kept enough for signed requests. */
const TOLERANCE_MS = 15 * 60_000;
const MINUTE_MS = 60_000;

interface Started {
  readonly startedAt: Instant;
}

/** `now` in milliseconds since the epoch. */
export function isFromFuture({ startedAt }: Started, now: number): boolean {
  return isAhead(toEpoch(startedAt), now);
}

/** Both in milliseconds since the epoch. */
export function isAhead(time: number, now: number): boolean {
  return time > now + TOLERANCE_MS;
}

/** One for all backups of a source; undefined where none is from the future. */
export function futureWarning(
  source: string,
  backups: readonly Started[],
  now: number,
): { readonly message: string; readonly hint: string } | undefined {
  const ahead = backups.filter((backup) => isFromFuture(backup, now));
  if (ahead.length === 0) return undefined;
  const farthest = Math.max(...ahead.map(({ startedAt }) => toEpoch(startedAt))) - now;
  const count = ahead.length === 1 ? 'one backup' : `${ahead.length} backups`;
  return {
    message: `${count} of source ${source} will only be made in the future by this machine's clock, up to ${inWords(farthest)} from now`,
    hint: "Either the clock is slow (`rdb-archiver check` compares it with the cloud's), or the source's `utcOffset` is not the zone of the cloud's times. Ages and deadlines are wrong until then, and such a backup makes no instance fresh.",
  };
}

/** `2 h`, `1 h 30 min`, `20 min` */
function inWords(milliseconds: number): string {
  const minutes = Math.round(milliseconds / MINUTE_MS);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [...(hours > 0 ? [`${hours} h`] : []), ...(rest > 0 || hours === 0 ? [`${rest} min`] : [])].join(
    ' ',
  );
}
