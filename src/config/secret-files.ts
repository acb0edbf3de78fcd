/**
 * Secrets that lie in files are read again at each use. Kubernetes exchanges the files of a mounted Secret under a running process, and temporary keys
 * are written anew before they lapse: a process that had read them once would be refused for ever. The files are small and lie in memory.
 */
import { statSync } from 'node:fs';
import type { Current } from '../domain/current.ts';
import { type Environment, environmentOf, readText } from './environment.ts';
import type { Problem } from './problems.ts';

/** What the configuration makes of its variables and their files. */
type Reading<Value> = (environment: Environment, problems: Problem[]) => Value;

/** Told in words that hold no secret. */
export type SecretWarning = (message: string) => void;

export interface SecretFiles {
  /** What was read; from now on it is what stands in the files at each use, or stood there last in good order. */
  follow<Value>(read: Reading<Value>): Current<Value>;
  /** Who is told from now on that a file cannot be used, once until it can be again. */
  warn(listener: SecretWarning): void;
}

/** `problems` is for what is wrong at the first reading. */
export function createSecretFiles(environment: Environment, problems: Problem[]): SecretFiles {
  let tell: SecretWarning = () => {};
  const pipes = new Map<string, string>();

  /** A pipe (`<(pass show key)`) gives what it has once, and whoever opens it a second time may wait for ever. */
  function readPipe(path: string): string {
    const text = pipes.get(path) ?? readText(path);
    pipes.set(path, text);
    return text;
  }

  function attempt<Value>(read: Reading<Value>) {
    const seen = new Map<string, string | undefined>();
    const found: Problem[] = [];
    const readFile = (path: string): string => {
      if (pipes.has(path) || isPipe(path)) return readPipe(path);
      seen.set(path, undefined);
      const text = readText(path);
      seen.set(path, text);
      return text;
    };
    const value = read(environmentOf(environment.variables, { problems: found, readFile }), found);
    return { value, seen, found };
  }

  return {
    follow(read) {
      const first = attempt(read);
      problems.push(...first.found);
      let { value, seen } = first;
      let usable = true;
      return () => {
        if ([...seen].every(([path, text]) => textOf(path) === text)) return value;
        const next = attempt(read);
        seen = next.seen;
        if (next.found.length === 0) value = next.value;
        else if (usable) tell(`${sentence(next.found)}; what stood there before stays in use`);
        usable = next.found.length === 0;
        return value;
      };
    },
    warn(listener) {
      tell = listener;
    },
  };
}

/** Whether a secret is there at all is settled by the first reading. */
export function present<Value extends object>(
  current: Current<Value | undefined>,
): Current<Value> | undefined {
  const first = current();
  return first && (() => current() ?? first);
}

function isPipe(path: string): boolean {
  try {
    const entry = statSync(path);
    return entry.isFIFO() || entry.isCharacterDevice() || entry.isSocket();
  } catch {
    return false;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readText(path);
  } catch {
    return undefined;
  }
}

function sentence(problems: readonly Problem[]): string {
  return problems.map(({ where, what }) => `${where}: ${what}`).join('; ');
}
