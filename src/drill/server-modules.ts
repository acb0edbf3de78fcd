/** Asks a server which modules it has, by starting it without a dump: it alone knows what its start script or configuration loads. */
import type { Clock } from '../domain/clock.ts';
import { waitUntilLoaded } from './await-server.ts';
import { openScratch } from './scratch.ts';
import { startServer } from './server-process.ts';
import type { ChildEnvironment, ServerProgram } from './server-program.ts';

export interface ModulePorts {
  readonly environment: ChildEnvironment;
  /** Where the private folder is made; the system's own where absent. */
  readonly directory?: string;
  readonly clock: Clock;
}

/** By their names in `MODULE LIST`; undefined where it does not say. Rejects only with the signal's reason, or where no folder can be made. */
export type ModulesOf = (
  program: ServerProgram,
  signal: AbortSignal,
) => Promise<readonly string[] | undefined>;

const PATIENCE_MS = 30_000;

/** Each server is asked once, and only when somebody needs to know. */
export function createModulesOf(ports: ModulePorts): ModulesOf {
  const answers = new Map<string, Promise<readonly string[] | undefined>>();
  return (program, signal) => {
    const answer = answers.get(program.path) ?? askModules(program, ports, signal);
    answers.set(program.path, answer);
    return answer;
  };
}

async function askModules(
  program: ServerProgram,
  { environment, directory, clock }: ModulePorts,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const scratch = openScratch(directory);
  const tooLong = new AbortController();
  const alarm = clock.alarm(PATIENCE_MS, () => tooLong.abort(new Error('it does not answer')));
  alarm.restart();
  const server = startServer(program, { folder: scratch.folder, databases: 1, environment, clock });
  try {
    const options = { clock, signal, overdue: tooLong.signal, onProgress: () => undefined };
    const waited = await waitUntilLoaded(server, options);
    if (waited.kind !== 'loaded') return undefined;
    try {
      return namesIn(await waited.link.ask(['MODULE', 'LIST'], AbortSignal.any([signal, tooLong.signal])));
    } finally {
      waited.link.close();
    }
  } catch {
    signal.throwIfAborted();
    return undefined;
  } finally {
    alarm.stop();
    await server.stop();
    scratch.remove();
  }
}

/** For each module a list of names and values: `name`, `ReJSON`, `ver`, 20803, and what newer servers add. */
function namesIn(reply: unknown): string[] {
  return (Array.isArray(reply) ? reply : []).flatMap((facts: unknown) => {
    const words = Array.isArray(facts) ? facts.map(String) : [];
    return words.filter((_, index) => index % 2 === 1 && words[index - 1] === 'name');
  });
}
