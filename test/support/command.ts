/** Runs the program as its users do: a child process, its streams and its exit status. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { builtProgram } from './bundle.ts';

export interface CommandResult {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly result: Promise<CommandResult>;
  /** Resolves as soon as standard output and standard error together match. */
  said(pattern: RegExp): Promise<string>;
}

export interface CommandOptions {
  /** Nothing else is in its environment, but where the program's compiled code is. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** To run in place of the program as it ships. */
  readonly program?: readonly string[];
}

export function startCommand(
  args: readonly string[],
  { env = {}, cwd, program }: CommandOptions,
): RunningCommand {
  const started = program ? { program, env: {} } : builtProgram();
  const [file = '', ...before] = started.program;
  const child = spawn(file, [...before, ...args], {
    cwd,
    env: { ...started.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      for (const look of waiting) look();
    });
  }
  const closed = once(child, 'close');
  const result = closed.then(([code]: (number | null)[]): CommandResult => ({ code: code ?? null, ...text }));

  return {
    child,
    result,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text.stdout + text.stderr)) return;
          waiting.delete(look);
          resolve(text.stdout + text.stderr);
        };
        waiting.add(look);
        look();
        void closed.then(() =>
          reject(new Error(`ended without saying ${pattern}: ${text.stdout}${text.stderr}`)),
        );
      }),
  };
}

export function runCommand(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return startCommand(args, options).result;
}
