/** The long-running mode, put together in one place: schedules, readiness, the board and the web server, from the first tick to the last answer. */
import type { App } from '../app/app.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../domain/clock.ts';
import { asArchiverError } from '../domain/errors.ts';
import { zoneNow } from '../domain/wall-clock.ts';
import { messageChain } from '../report/error-text.ts';
import { fanOut } from '../report/fan-out.ts';
import type { Observer } from '../report/observer.ts';
import { PAGE_CSP } from '../report/page/page.ts';
import { createBoard } from './board.ts';
import { type HttpOptions, type Reply, serveHttp } from './http.ts';
import { createReadiness, reasonsOf } from './readiness.ts';
import { createScheduler, type Schedule } from './scheduler.ts';

export interface DaemonOptions {
  readonly config: Pick<
    Config,
    'sources' | 'schedule' | 'timezone' | 'runOnStart' | 'jitterMs' | 'httpListen'
  >;
  readonly clock: Clock;
  /** The product's, for the metrics and the page. */
  readonly version: string;
}

export interface DaemonPorts {
  readonly app: Pick<App, 'run' | 'reach' | 'status'>;
  /** Is told what the daemon does; hands it on to the daemon's own observer too. */
  readonly observer: Observer;
  readonly signal: AbortSignal;
}

export interface Daemon {
  /** Wants every event of the app and of the daemon: what runs reach need not be probed, what they do is counted. */
  readonly observer: Observer;
  /**
   * Stays up until the signal is aborted, then lets the runs in progress end. Rejects with an `ArchiverError` of code `config` when it
   * cannot listen, before anything has run.
   */
  run(ports: DaemonPorts): Promise<void>;
}

export function createDaemon({ config, clock, version }: DaemonOptions): Daemon {
  const readiness = createReadiness({ sources: config.sources.map(({ name }) => name), clock });
  const board = createBoard({ clock, version });

  return {
    observer: fanOut([readiness.observer, board.observer]),

    async run({ app, observer, signal }) {
      const { timezone, runOnStart, jitterMs } = config;
      const scheduler = createScheduler({
        schedules: schedulesOf(config),
        timezone,
        runOnStart,
        jitterMs,
        run: ({ sources, cron }, until, planned) =>
          app.run({ sources, schedule: cron, signal: until, planned }),
        clock,
        observer,
      });
      const silence = (): string[] =>
        scheduler.silent().map(({ cron }) => `nothing was heard of the schedule ${cron} for minutes`);
      const routes: HttpOptions['routes'] = {
        '/healthz': () => verdict(silence()),
        '/readyz': () =>
          verdict(signal.aborted ? ['stopping'] : [...readiness.reasons(), ...reasonsOf(board.inHand)]),
        '/metrics': async () => ({ status: 200, ...(await board.metrics()) }),
        '/': () => pageOr503(board.page()),
      };
      const onFailure = (path: string, error: unknown): void => {
        const reason = messageChain(asArchiverError(error));
        observer({ type: 'warning', message: `${path} could not be answered: ${reason}` });
      };

      const server = await serveHttp({ ...config.httpListen, routes, onFailure });
      observer({ type: 'daemon.listening', url: server.url, ...zoneNow(timezone, clock.now()) });
      const tellStop = (): void =>
        observer({ type: 'daemon.stopping', cause: asArchiverError(signal.reason).message });
      signal.addEventListener('abort', tellStop);
      try {
        await Promise.all([
          scheduler.keep(signal),
          readiness.keep((until) => app.reach({ signal: until }), signal),
          board.keep(app.status, observer, signal),
        ]);
      } finally {
        signal.removeEventListener('abort', tellStop);
        await server.close();
      }
    },
  };
}

/** Sources that go by the same expression are archived by one run. */
function schedulesOf({ sources, schedule }: Pick<Config, 'sources' | 'schedule'>): Schedule[] {
  const groups = Map.groupBy(sources, (source) => source.schedule ?? schedule);
  return [...groups].map(([cron, group]) => ({ cron, sources: group.map(({ name }) => name) }));
}

/** For the orchestrator by its status, for a person by its reasons. */
function verdict(reasons: readonly string[]): Reply {
  const ok = reasons.length === 0;
  return {
    status: ok ? 200 : 503,
    contentType: 'application/json; charset=utf-8',
    body: `${JSON.stringify({ ok, reasons })}\n`,
  };
}

function pageOr503(page: string | undefined): Reply {
  if (page !== undefined)
    return { status: 200, contentType: 'text/html; charset=utf-8', policy: PAGE_CSP, body: page };
  const body = 'The destination was not looked at yet; come again in a minute.\n';
  return { status: 503, contentType: 'text/plain; charset=utf-8', body };
}
