/** What all archives of a verification come to, without holding them: figures, exit status, what is to be said of the worst. */
import { isDamage } from '../catalog/verify-archive.ts';
import { worstOf } from '../domain/exit-code.ts';
import type { Problem } from '../domain/listing.ts';
import type { VerifyResult } from '../domain/verification.ts';
import type { VerifyLog } from './log.ts';
import type { VerifyItem, VerifyReport, VerifySummary } from './report.ts';
import type { SampleOfArchives } from './sample.ts';

export interface Tally {
  readonly codes: ReadonlySet<number>;
  add(item: VerifyItem): void;
  summary(): Pick<VerifySummary, 'archives' | 'damaged' | 'unreadable' | 'bytesRead'>;
  /** Damage first. */
  problems(): Problem[];
}

/** The table, or the document, has them all. */
const PROBLEMS_TOLD = 20;

export function createTally(): Tally {
  const codes = new Set<number>();
  const told: Record<'damage' | 'other', Problem[]> = { damage: [], other: [] };
  let [archives, damaged, unreadable, bytesRead, wrong] = [0, 0, 0, 0, 0];
  return {
    codes,
    add({ result, bytesRead: bytes, backupId, instanceId, detail, hint }) {
      archives += 1;
      bytesRead += bytes;
      if (isDamage(result)) damaged += 1;
      if (isUnknown(result)) unreadable += 1;
      codes.add(isDamage(result) ? 4 : result === 'ok' ? 0 : 3);
      if (result === 'ok') return;
      wrong += 1;
      const those = told[isDamage(result) ? 'damage' : 'other'];
      if (those.length < PROBLEMS_TOLD)
        those.push({ message: `${result}: backup ${backupId} of ${instanceId}: ${detail}`, hint });
    },
    summary: () => ({ archives, damaged, unreadable, bytesRead }),
    problems() {
      const worst = [...told.damage, ...told.other].slice(0, PROBLEMS_TOLD);
      const left = wrong - worst.length;
      const rest = { message: `${left} more are not ok`, hint: '`--json` has what to do for each.' };
      return left === 0 ? worst : [...worst, rest];
    },
  };
}

export interface Circumstances {
  readonly quick: boolean;
  readonly sample: SampleOfArchives | undefined;
  readonly log: VerifyLog;
}

export function reportOf(
  items: readonly VerifyItem[],
  tally: Tally,
  { quick, sample, log }: Circumstances,
): VerifyReport {
  const { archives } = tally.summary();
  const summary: VerifySummary = {
    depth: quick ? 'quick' : sample ? 'sample' : 'full',
    ...tally.summary(),
    ...(sample && archives > 0 && { rotation: sample.rotation() }),
  };
  const codes = new Set(tally.codes);
  const problems = tally.problems();
  const failure = log.failure();
  // A rotation that is not kept reads the same archives each time, and would be called a success for ever.
  if (failure && sample) codes.add(3);
  if (failure) problems.push(failure);
  for (const message of sample?.lost ?? [])
    problems.push({ message, hint: 'Those archives count as never verified; nothing else depends on it.' });
  const nothing = nothingDone(summary);
  if (nothing) {
    codes.add(3);
    problems.push(nothing);
  }
  return { items, problems, exitCode: worstOf(codes), summary };
}

/** Nothing speaks against such an archive, and nothing speaks for it. */
function isUnknown(result: VerifyResult): boolean {
  return result === 'not-opened' || result === 'unreadable' || result === 'unreadable-cold';
}

function nothingDone({
  depth,
  archives,
  bytesRead,
  damaged,
  unreadable,
}: VerifySummary): Problem | undefined {
  if (archives === 0)
    return {
      message: 'no archive was found to verify',
      hint: '`rdb-archiver list archives` shows what there is.',
    };
  if (depth === 'quick' || bytesRead > 0 || damaged + unreadable > 0) return undefined;
  return {
    message: 'not one byte was read',
    hint: 'Archives without content prove nothing: look at what `rdb-archiver list archives` shows.',
  };
}
