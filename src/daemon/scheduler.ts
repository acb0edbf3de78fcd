/** Runs on time, for as long as the process lives: one loop a schedule, never two runs of it that look around at once, and no run that fails ends it. */
import type { Clock } from '../domain/clock.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { toInstant } from '../domain/instant.ts';
import type { Observer } from '../report/observer.ts';
import { createCron, firstDue, latestDue, MINUTE_MS } from './cron.ts';

/** Some sources and when to run over them. */
export interface Schedule {
  /** A valid expression of five fields. */
  readonly cron: string;
  readonly sources: readonly string[];
}

export interface SchedulerPorts {
  readonly schedules: readonly Schedule[];
  /** A valid zone. */
  readonly timezone: string;
  readonly runOnStart: boolean;
  /** Every tick comes later by up to this many milliseconds. */
  readonly jitterMs: number;
  /**
   * One run over the schedule's sources; should end soon after the signal was aborted. May fail in any way. Says `planned` when it knows what it is to
   * archive: then the next tick begins another one beside it, however long it transfers.
   */
  readonly run: (schedule: Schedule, signal: AbortSignal, planned: () => void) => Promise<unknown>;
  readonly clock: Clock;
  readonly observer: Observer;
}

export interface Scheduler {
  /** Resolves when the signal was aborted and the runs in progress have ended, or have used up their time to do so. */
  keep(signal: AbortSignal): Promise<void>;
  /** The schedules whose loop has not been heard of for too long. */
  silent(): Schedule[];
}

/** A loop looks at the clock at least so often; it finds out within this time that the clock was set. */
const BEAT_MS = 15_000;
const SILENCE_MS = 3 * MINUTE_MS;
/** By so much a clock is put right now and then; a tick is not repeated for that. */
const SMALL_STEP_BACK_MS = 5 * MINUTE_MS;
/** After a longer pause (a laptop was asleep, a clock was set) older ticks are not looked for: the cloud keeps its backups for a week. */
const LOOK_BACK_MS = 7 * 24 * 60 * MINUTE_MS;
const LOOK_AHEAD_MS = LOOK_BACK_MS;
/** Below the 30 s that Kubernetes gives a pod by default. */
const DRAIN_MS = 25_000;

export function createScheduler(ports: SchedulerPorts): Scheduler {
  const loops = ports.schedules.map((schedule) => createLoop(schedule, ports));
  return {
    async keep(signal) {
      await Promise.all(loops.map((loop) => loop.keep(signal)));
    },
    silent: () => loops.filter((loop) => loop.isSilent()).map(({ schedule }) => schedule),
  };
}

interface Loop {
  readonly schedule: Schedule;
  keep(signal: AbortSignal): Promise<void>;
  isSilent(): boolean;
}

function createLoop(schedule: Schedule, ports: SchedulerPorts): Loop {
  const { clock, observer } = ports;
  const cron = createCron(schedule.cron, ports.timezone);
  const ref = { cron: schedule.cron, timezone: ports.timezone, sources: schedule.sources };
  const runner = createRunner(schedule, ports);
  // Thrown once: the distance between two ticks stays what the schedule says.
  const delayMs = Math.floor(clock.random() * ports.jitterMs);
  const now = (): number => clock.now() - delayMs;
  const thisMinute = (): number => Math.floor(now() / MINUTE_MS) * MINUTE_MS;
  let lastBeat = clock.now();
  let seen = thisMinute();

  /** The tick since the last look, if there was one. Of several (the process was asleep) the latest stands for all. */
  function look(): number | undefined {
    const minute = thisMinute();
    lastBeat = clock.now();
    if (minute < seen - SMALL_STEP_BACK_MS) seen = minute - MINUTE_MS;
    const due = latestDue(cron, Math.max(seen, minute - LOOK_BACK_MS), minute);
    seen = Math.max(seen, minute);
    return due;
  }

  function tellNext(): void {
    const next = firstDue(cron, seen, seen + LOOK_AHEAD_MS);
    const last = latestDue(cron, seen - LOOK_BACK_MS, seen);
    const previous = last === undefined ? {} : { previous: toInstant(last + delayMs) };
    if (next === undefined) observer({ type: 'warning', ...neverDue(schedule.cron) });
    else observer({ type: 'schedule.next', ...ref, at: toInstant(next + delayMs), ...previous });
  }

  async function sleepUntilNextLook(signal: AbortSignal): Promise<void> {
    const toNextMinute = MINUTE_MS - (now() % MINUTE_MS);
    await clock.sleep(Math.min(toNextMinute, BEAT_MS), signal);
  }

  return {
    schedule,

    async keep(signal) {
      tellNext();
      if (ports.runOnStart) runner.start(seen, signal);
      while (!signal.aborted) {
        await sleepUntilNextLook(signal).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
        const due = signal.aborted ? undefined : look();
        if (due === undefined) continue;
        runner.start(due, signal);
        tellNext();
      }
      await runner.ended();
    },

    isSilent: () => clock.now() - lastBeat > SILENCE_MS,
  };
}

interface Runner {
  /** Begins a run, or tells that the last one is still looking around. `due`: the tick that it is for. */
  start(due: number, signal: AbortSignal): void;
  /** Resolves when nothing runs any more, or when it took too long. */
  ended(): Promise<void>;
}

interface Going {
  readonly since: number;
  readonly done: Promise<void>;
  planned: boolean;
}

function createRunner(schedule: Schedule, { run, clock, observer }: SchedulerPorts): Runner {
  const { cron, sources } = schedule;
  /** Any number: those that have planned hold no more than the places that their transfers have. */
  const going = new Set<Going>();

  async function runSafely(mine: Going, signal: AbortSignal): Promise<void> {
    try {
      await run(schedule, signal, () => {
        mine.planned = true;
      });
    } catch (error) {
      // A run tells its own failures and does not throw them, so this is a bug, or the way out after a signal.
      if (!signal.aborted)
        observer({ type: 'schedule.run-failed', cron, sources, error: asArchiverError(error) });
    } finally {
      going.delete(mine);
    }
  }

  return {
    start(due, signal) {
      const looking = [...going].find(({ planned }) => !planned);
      if (looking) {
        const runningSince = toInstant(looking.since);
        observer({ type: 'schedule.tick-skipped', cron, sources, at: toInstant(due), runningSince });
        return;
      }
      // In a turn of its own, so that even a run that fails at once finds itself among those going on.
      const mine: Going = {
        since: clock.now(),
        planned: false,
        done: Promise.resolve().then(() => runSafely(mine, signal)),
      };
      going.add(mine);
    },

    async ended() {
      const done = [...going].map((one) => one.done);
      if (done.length === 0) return;
      const enough = new AbortController();
      const tooLong = clock
        .sleep(DRAIN_MS, enough.signal)
        .then(() => observer({ type: 'schedule.run-failed', cron, sources, error: notEnded() }))
        .catch(() => undefined);
      await Promise.race([Promise.all(done), tooLong]);
      enough.abort();
    },
  };
}

function notEnded(): ArchiverError {
  return new ArchiverError('interrupted', `the run did not end within ${DRAIN_MS / 1000} s and is cut off`, {
    hint: 'Nothing half-done is visible; what is missing is archived by the next run.',
  });
}

function neverDue(cron: string): { message: string; hint: string } {
  return {
    message: `the schedule ${cron} has no tick within the next seven days`,
    hint: 'The cloud deletes a backup after about seven days: run every day at least.',
  };
}
