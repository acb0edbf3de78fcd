/** What the runs of the process are at: since when nothing was heard, and which transfers will not be there in time. For the metrics, the page and `/readyz`. */
import type { Clock } from '../domain/clock.ts';
import type { ArchiverEvent, Observer } from './observer.ts';

export type LateTransfer = Extract<ArchiverEvent, { type: 'transfer.late' }>;

export interface InHand {
  readonly observer: Observer;
  /** Milliseconds since the last sign of life of what is in hand and was silent longest; undefined where nothing is. */
  silentMs(): number | undefined;
  /** Most urgent first. */
  late(): readonly LateTransfer[];
}

interface Run {
  readonly schedule: string | undefined;
  /** It has not planned yet. */
  looking: boolean;
  heardAt: number;
}

export function createInHand(clock: Pick<Clock, 'now'>): InHand {
  const runs = new Map<string, Run>();
  const transfers = new Map<number, { readonly runId: string; heardAt: number }>();
  const late = new Map<number, LateTransfer>();

  function end(runId: string): void {
    runs.delete(runId);
    for (const [id, transfer] of transfers) if (transfer.runId === runId) endTransfer(id);
  }

  function endTransfer(id: number): void {
    transfers.delete(id);
    late.delete(id);
  }

  /** When each thing in hand was last heard of. A run that has planned may wait for the transfers of another. */
  function lastHeard(): number[] {
    const looking = [...runs.values()].filter((run) => run.looking);
    const each = [...looking, ...transfers.values()].map(({ heardAt }) => heardAt);
    return each.length > 0 ? each : [Math.max(...[...runs.values()].map(({ heardAt }) => heardAt))];
  }

  return {
    observer(event) {
      if (event.type === 'run.begin')
        runs.set(event.runId, { schedule: event.schedule, looking: true, heardAt: clock.now() });
      if (event.type === 'run.summary') end(event.summary.runId);
      if (event.type === 'schedule.run-failed')
        for (const [runId, { schedule }] of runs) if (schedule === event.cron) end(runId);

      const runId = 'runId' in event ? event.runId : '';
      const run = runs.get(runId);
      if (run) run.heardAt = clock.now();
      if (run && event.type === 'plan.ready') run.looking = false;
      if (!('transferId' in event)) return;
      if (event.type === 'transfer.end') return endTransfer(event.transferId);
      transfers.set(event.transferId, { runId, heardAt: clock.now() });
      if (event.type === 'transfer.late') late.set(event.transferId, event);
      if (event.type === 'transfer.in-time') late.delete(event.transferId);
    },

    silentMs() {
      if (runs.size === 0) return undefined;
      const now = clock.now();
      // Negative: the clock was set back.
      return Math.max(0, ...lastHeard().map((at) => now - at));
    },

    late: () => [...late.values()].sort((one, other) => (one.deadline < other.deadline ? -1 : 1)),
  };
}
