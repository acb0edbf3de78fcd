/** Who listens to a run: JSON lines for machines, bars and a closing table for a person. */
import type { Config } from '../config/schema.ts';
import type { Observer } from '../report/observer.ts';
import type { Surroundings } from './surroundings.ts';

interface Listeners {
  readonly observer: Observer;
  close(): void;
}

/** The log module is loaded here and not above, so that `--help` need not wait for it. */
export async function createListeners(log: Config['log'], surroundings: Surroundings): Promise<Listeners> {
  const { stdout, stderr, clock, env } = surroundings;
  if (log.format === 'json' || (log.format === 'auto' && !stdout.isTTY)) {
    const { createLog } = await import('../report/log.ts');
    const observer = createLog({ write: stdout.write, clock, level: log.level, skipped: log.skipped });
    return { observer, close: () => undefined };
  }
  const [{ createProgress }, { createPaint }] = await Promise.all([
    import('../report/terminal/progress.ts'),
    import('../report/terminal/colours.ts'),
  ]);
  const { observer, close } = createProgress({
    ...(stderr.terminal === undefined ? {} : { terminal: stderr.terminal }),
    ...(stdout.columns === undefined ? {} : { width: stdout.columns }),
    say: stderr.write,
    conclude: stdout.write,
    clock,
    paint: { say: createPaint(stderr.isTTY, env), conclude: createPaint(stdout.isTTY, env) },
  });
  const stopping = {
    type: 'warning',
    message: 'stopping in good order; Ctrl-C once more ends at once',
  } as const;
  surroundings.signal.addEventListener('abort', () => observer(stopping), { once: true });
  return { observer, close };
}
