/** The one sentence that says whether all is well. */
import type { OpenBackup, StatusReport } from '../../domain/status.ts';
import { grouped, roughly, roughlyHours, some } from './words.ts';

/** `notice`: nothing is overdue, and yet somebody should look. */
type Level = 'well' | 'notice' | 'trouble';

export interface Headline {
  readonly level: Level;
  /** Without a full stop, for it is the page's title too. */
  readonly sentence: string;
  readonly detail: string;
}

/** The figures behind the sentence, which the page shows beside it. */
export interface Tally {
  readonly live: number;
  readonly vanished: number;
  /** Vanished instances left out. */
  readonly stale: number;
  /** Only where the status was asked to count them. */
  readonly vanishedStale: number;
  /** Most urgent first. */
  readonly atRisk: readonly OpenBackup[];
  /** Damaged backups that the cloud still has: a good copy may yet come. */
  readonly damaged: number;
  /** All damaged dumps of the days looked at. */
  readonly quarantined: number;
  readonly archives: number;
  /** Of these, encrypted by the cloud and without the key. */
  readonly keyless: number;
  /** Absent where those of an instance are not known. */
  readonly bytes?: number;
  /** Of the youngest archive of all; absent where there is none. */
  readonly youngestMs?: number;
  /** Of the newest archive of the instance that has waited longest. */
  readonly oldestMs?: number;
}

export function tally({ instances }: StatusReport): Tally {
  const live = instances.filter(({ vanished }) => !vanished);
  const open = instances.flatMap((instance) => instance.open);
  const ages = live.flatMap(({ ageMs }) => (ageMs === undefined ? [] : [ageMs]));
  const sizes = instances.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    live: live.length,
    vanished: instances.length - live.length,
    stale: live.filter(({ stale }) => stale).length,
    vanishedStale: instances.filter(({ vanished, stale }) => vanished && stale).length,
    atRisk: open.filter(({ atRisk }) => atRisk).sort((a, b) => a.hoursLeft - b.hoursLeft),
    damaged: open.filter(({ quarantined }) => quarantined).length,
    quarantined: sum(instances.flatMap(({ days }) => days.map(({ quarantined }) => quarantined))),
    archives: sum(instances.map(({ archives }) => archives)),
    keyless: sum(instances.map(({ keyless }) => keyless?.archives ?? 0)),
    ...(sizes.length === instances.length && { bytes: sum(sizes) }),
    ...(ages.length > 0 && {
      youngestMs: ages.reduce((a, b) => Math.min(a, b)),
      oldestMs: ages.reduce((a, b) => Math.max(a, b)),
    }),
  };
}

export function headline(report: StatusReport, totals: Tally): Headline {
  const troubles = [...troublesOf(report, totals)];
  const allowed = roughly(report.maxAgeMs);
  if (troubles.length > 0) {
    const fine = totals.live - totals.stale;
    const detail = `${grouped(fine)} of ${some(totals.live, 'instance')} ${fine === 1 ? 'has' : 'have'} an archive from the last ${allowed}.`;
    return { level: 'trouble', sentence: capital(troubles.join(', ')), detail };
  }
  const detail =
    totals.oldestMs === undefined
      ? ''
      : `No instance has waited longer than ${roughly(totals.oldestMs)}; ${allowed} are allowed.`;
  if (totals.damaged > 0) {
    const copies = `${some(totals.damaged, 'damaged backup')} ${totals.damaged === 1 ? 'lies' : 'lie'} in quarantine`;
    return { level: 'notice', sentence: `${everyInstance(totals)}, but ${copies}`, detail };
  }
  if (totals.keyless > 0) {
    const locked = `${some(totals.keyless, 'archive')} cannot be opened without the cloud`;
    return { level: 'notice', sentence: `${everyInstance(totals)}, but ${locked}`, detail };
  }
  return { level: 'well', sentence: `${everyInstance(totals)}${newest(totals)}`, detail };
}

function* troublesOf(report: StatusReport, totals: Tally): Generator<string> {
  const { live, stale, vanishedStale, atRisk } = totals;
  const problems = report.problems.length;
  const [first] = atRisk;
  if (stale > 0) yield `${grouped(stale)} of ${some(live, 'instance')} ${stale === 1 ? 'is' : 'are'} stale`;
  if (vanishedStale > 0)
    yield `${some(vanishedStale, 'vanished instance')} ${vanishedStale === 1 ? 'is' : 'are'} stale`;
  if (first !== undefined) {
    const left = roughlyHours(first.hoursLeft);
    yield atRisk.length === 1
      ? `1 backup will be deleted in ${left}`
      : `${some(atRisk.length, 'backup')} will be deleted within a day, the first in ${left}`;
  }
  if (problems > 0) yield `${some(problems, 'listing')} failed`;
  if (report.exitCode !== 0 && stale + vanishedStale + atRisk.length + problems === 0)
    yield `status ends with exit code ${report.exitCode}`;
}

function everyInstance({ live, vanished }: Tally): string {
  if (live === 0) return vanished === 0 ? 'There is no instance to archive' : 'Every instance has vanished';
  return live === 1 ? 'The one instance is archived' : `All ${grouped(live)} instances are archived`;
}

function newest({ youngestMs }: Tally): string {
  return youngestMs === undefined ? '' : `; the newest archive is ${roughly(youngestMs)} old`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
