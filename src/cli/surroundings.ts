/** Everything that the command line takes from outside, so that a test can be the outside. */
import type { CreateApp } from '../app/app.ts';
import type { Config } from '../config/schema.ts';
import type { CheckFacts } from '../domain/check.ts';
import type { Clock } from '../domain/clock.ts';
import type { InspectReport } from '../inspect/report.ts';

/** Standard output or standard error. */
export interface Output {
  write(text: string): void;
  /** Resolves when the bytes have left the process, so that their memory may be used again; rejects when nobody can take them any more. */
  writeBytes(bytes: Uint8Array | string): Promise<void>;
  readonly isTTY: boolean;
  /** Of the terminal; undefined where it is none. */
  readonly columns: number | undefined;
  /** Where bars can be drawn; undefined where they cannot. */
  readonly terminal: NodeJS.WriteStream | undefined;
}

/** A stand-in of the cloud that listens. */
export interface RunningSandbox {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** In words, for instance `5 instances, 9 backups`. */
  readonly contents: string;
  /** The variables that point the program at it. Its keys open nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Looks into a dump that lies in no archive; `-` is standard input. Rejects with `usage` where it cannot be read. */
export type InspectFile = (request: {
  readonly path: string;
  /** The path as it was given. */
  readonly name: string;
  /** Milliseconds since the epoch that expiries are counted for. */
  readonly asOf: number;
  readonly top: number;
  readonly signal: AbortSignal;
}) => Promise<InspectReport>;

export interface Surroundings {
  readonly createApp: CreateApp;
  /** What became of the destination's settings, whoever made them; empty for a folder. */
  readonly describeDestination: (config: Config) => Promise<CheckFacts>;
  readonly inspectFile: InspectFile;
  /** Port 0 takes a free one. */
  readonly createSandbox: (options: { readonly port: number }) => Promise<RunningSandbox>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Record<string, string | undefined>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly version: string;
  /** The folder with `docs/` and `deploy/`, which messages name. */
  readonly home: string;
  /** How this program was called, for advice: `rdb-archiver`, or `node dist/bin.js` in a checkout. */
  readonly invocation: string;
  /** Aborted by the first signal of `STOP_SIGNALS`, with the error that `interruption` makes. */
  readonly signal: AbortSignal;
}
