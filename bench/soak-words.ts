/** For `bench/soak.ts`: what its three processes agree on and say to each other. */
import type { ChildProcess } from 'node:child_process';
import type { Outcome, RunSummary } from '../src/domain/outcome.ts';

/** One of each dialect. */
export const SOURCES = [
  { name: 'new', api: 'tencent-v3', region: 'ap-guangzhou' },
  { name: 'old', api: 'tencent-v2', region: 'ap-shanghai' },
] as const;

/** Where the worker finds the cloud and the bucket. */
export interface Place {
  readonly cloudUrl: string;
  readonly secretId: string;
  readonly secretKey: string;
  readonly s3Endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** One run of the app and what it told. */
export interface RunStory {
  readonly summary: RunSummary;
  readonly outcomes: readonly Outcome[];
  /** Failures of whole sources, instances or the run, by their code and message. */
  readonly complaints: readonly string[];
  /** How many summaries were told. */
  readonly summaries: number;
  readonly interrupted: boolean;
}

/** What the worker holds when a round is over and the garbage is gone. Bytes, and numbers of open things. */
export interface Sample {
  readonly rss: number;
  readonly heap: number;
  /** Outside the heap. */
  readonly buffers: number;
  readonly files: number;
  readonly sockets: number;
  readonly timers: number;
  /** Everything that keeps the event loop busy, timers too. */
  readonly handles: number;
}

export interface ToWorker {
  /** Another worker on the same cloud and bucket at the same time. */
  readonly second: boolean;
  /** A signal ends the run then. */
  readonly interruptAfterMs?: number;
}

export interface FromWorker {
  readonly runs: readonly RunStory[];
  readonly sample: Sample;
}

export type ToServers =
  | { readonly ask: 'begin'; readonly round: number; readonly calm: boolean }
  | { readonly ask: 'judge'; readonly runs: readonly RunStory[] };

export interface Begun {
  /** How many backups the cloud has. */
  readonly backups: number;
  /** What is to go wrong. */
  readonly faults: readonly string[];
}

export interface Judged {
  /** Promises that were broken; empty when all is well. */
  readonly problems: readonly string[];
  /** How often each fault struck. */
  readonly strikes: Readonly<Record<string, number>>;
  /** Archived files that were compared byte by byte, and their bytes. */
  readonly files: number;
  readonly bytes: number;
}

/** Asks a process and waits for its answer; rejects when it ends instead. */
export function ask<Answer>(child: ChildProcess, question: ToWorker | ToServers): Promise<Answer> {
  const answer = nextMessage<Answer>(child);
  child.send(question);
  return answer;
}

export function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null, signal: string | null): void =>
      reject(new Error(`process ${child.pid} ended before it answered: ${signal ?? code}`));
    child.once('exit', gone);
    child.once('message', (message) => {
      child.off('exit', gone);
      resolve(message as Message);
    });
  });
}
