/** The notifier: listens to runs, and when one has ended tells the receivers and the dead-man switch. Whatever fails there fails no run. */
import type http from 'node:http';
import type https from 'node:https';
import pLimit from 'p-limit';
import type { Clock } from '../../domain/clock.ts';
import type { Current } from '../../domain/current.ts';
import { asArchiverError } from '../../domain/errors.ts';
import type { NotifyItem } from '../../domain/notification.ts';
import type { RunSummary } from '../../domain/outcome.ts';
import type { Secret } from '../../domain/secret.ts';
import { messageChain } from '../error-text.ts';
import { fanOut } from '../fan-out.ts';
import type { ArchiverEvent, Observer } from '../observer.ts';
import { type Decision, decide, decideAtOnce, NOTHING_TOLD, type Told, type Wishes } from './decide.ts';
import { createExchange } from './exchange.ts';
import { createFactsCollector, lateItem, type RunFacts } from './facts.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createMemory, type SmallObjects } from './memory.ts';
import { createReceiver, type Receiver, type ReceiverOptions } from './receiver.ts';
import { withinTime } from './time-limit.ts';

export interface NotifierOptions {
  readonly receivers: readonly ReceiverOptions[];
  /** The dead-man switch's address. */
  readonly heartbeat?: Current<Secret>;
  /** Names of all configured sources. */
  readonly sources: readonly string[];
  /** Where archives go, without credentials. */
  readonly destination: string;
  /** The object that keeps what was told. */
  readonly stateKey: string;
}

export interface NotifierPorts {
  readonly agents: { readonly http: http.Agent; readonly https: https.Agent };
  readonly clock: Clock;
  readonly objects: SmallObjects;
  /** Who listens besides. */
  readonly tell: Observer;
}

export interface Notifier {
  /**
   * Passes every event on to the other listeners at once, but for a run's summary: that one follows when the receivers have been
   * told, so that it stays the last line of a run. Of a transfer that will not be there in time they are told meanwhile.
   */
  readonly observer: Observer;
  /**
   * The run's own result; before it is given, the receivers are told of this run, in a bounded time (30 s, or 5 s after the signal)
   * once it is its turn: runs that end together are told one after the other.
   */
  after(run: () => Promise<RunSummary>, signal: AbortSignal): Promise<RunSummary>;
  /** Sends one message to every receiver, whatever it was told before. */
  test(signal: AbortSignal): Promise<readonly NotifyItem[]>;
}

/** What receivers may be told of. */
interface News {
  readonly runId: string;
  /** Absent while the run goes on. */
  readonly summary?: RunSummary;
  readonly decide: (wishes: Wishes, before: Told) => Decision;
}

/** The dead-man switch is being told that a run has begun. */
interface Beginning {
  readonly done: Promise<unknown>;
  readonly stop: AbortController;
}

export function createNotifier(options: NotifierOptions, ports: NotifierPorts): Notifier {
  const { clock } = ports;
  const tell = fanOut([ports.tell]);
  const exchange = createExchange(ports.agents, clock);
  const { destination } = options;
  const receivers = options.receivers.map((receiver) =>
    createReceiver(receiver, { exchange, clock, destination }),
  );
  const memory = createMemory(ports.objects, options.stateKey, clock);
  const heartbeat =
    options.heartbeat && createHeartbeat({ url: options.heartbeat, sources: options.sources }, exchange);
  const facts = createFactsCollector();
  /** By run, since several may be going on. */
  const begun = new Map<string, Beginning>();
  const ended = new Map<string, RunFacts>();
  /** Of the newest run; all runs of a process end by the same one. */
  let stop = new AbortController().signal;
  // What one run told is what the next one must know.
  const inTurn = pLimit(1);

  function observer(event: ArchiverEvent): void {
    if (event.type === 'run.begin' && heartbeat) {
      const stop = new AbortController();
      const done = attempt(event.runId, 'heartbeat', () => heartbeat.begin(event, stop.signal));
      begun.set(event.runId, { done, stop });
    }
    const run = facts.add(event, clock.now());
    if (run) ended.set(run.summary.runId, run);
    else tell(event);
    if (event.type === 'transfer.late') void tellAtOnce(event);
  }

  /** Rejects never. */
  async function tellAtOnce(event: Extract<ArchiverEvent, { type: 'transfer.late' }>): Promise<void> {
    const items = [lateItem(event)];
    const news: News = {
      runId: event.runId,
      decide: (wishes, before) => decideAtOnce(items, wishes, before, clock.now()),
    };
    await inTurn(() => withinTime(clock, stop, (limit) => tellReceivers(news, limit)));
  }

  async function deliver(run: RunFacts, signal: AbortSignal): Promise<void> {
    const { summary } = run;
    const news: News = {
      runId: summary.runId,
      summary,
      decide: (wishes, before) => decide(run, wishes, before, clock.now()),
    };
    await Promise.all([beat(run, signal), tellReceivers(news, signal)]);
  }

  async function beat(run: RunFacts, signal: AbortSignal): Promise<void> {
    const { runId } = run.summary;
    const beginning = begun.get(runId);
    begun.delete(runId);
    signal.addEventListener('abort', () => beginning?.stop.abort(signal.reason), { once: true });
    await beginning?.done;
    await attempt(runId, 'heartbeat', async () => heartbeat?.end(run, signal));
  }

  async function tellReceivers(news: News, signal: AbortSignal): Promise<void> {
    if (receivers.length === 0) return;
    const before = await memory.load(signal);
    const after = await Promise.all(
      receivers.map(
        async (receiver) =>
          [
            receiver.name,
            await tellOne(receiver, news, before[receiver.name] ?? NOTHING_TOLD, signal),
          ] as const,
      ),
    );
    if (after.every(([name, told]) => told === (before[name] ?? NOTHING_TOLD))) return;
    try {
      await memory.save({ ...before, ...Object.fromEntries(after) }, signal);
    } catch (error) {
      const message = `what the receivers were told could not be kept in ${destination}: ${messageChain(asArchiverError(error))}`;
      tell({ type: 'warning', message, hint: 'The next run may tell them the same again.' });
    }
  }

  /** What the receiver has been told afterwards: as before, where it could not be reached. */
  async function tellOne(receiver: Receiver, news: News, before: Told, signal: AbortSignal) {
    const { runId, summary } = news;
    const { tell: story, told } = news.decide(receiver.wishes, before);
    if (!story) return told;
    const sent = await attempt(runId, receiver.name, () =>
      receiver.send({ ...story, ...(summary && { summary }) }, signal),
    );
    if (sent) tell({ type: 'notify.sent', runId, receiver: receiver.name, kind: story.kind });
    return sent ? told : before;
  }

  async function attempt(runId: string, receiver: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      tell({ type: 'notify.failed', runId, receiver, error: asArchiverError(error) });
      return false;
    }
  }

  return {
    observer,
    async after(run, signal) {
      stop = signal;
      const summary = await run();
      const runFacts = ended.get(summary.runId);
      if (!runFacts) return summary;
      ended.delete(summary.runId);
      try {
        await inTurn(() => withinTime(clock, signal, (limit) => deliver(runFacts, limit)));
      } finally {
        tell({ type: 'run.summary', summary });
      }
      return summary;
    },
    test: (signal) =>
      Promise.all(
        receivers.map(async (receiver): Promise<NotifyItem> => {
          const { name, preset, address } = receiver;
          try {
            await receiver.send({ kind: 'test', items: [] }, signal);
            return { receiver: name, preset, address, result: 'delivered', detail: '' };
          } catch (error) {
            return {
              receiver: name,
              preset,
              address,
              result: 'failed',
              detail: messageChain(asArchiverError(error)),
            };
          }
        }),
      ),
  };
}
