/** The program at work as a user runs it: a stand-in of the cloud in the test's process, the command line in a process of its own. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Manifest } from '../../src/domain/manifest.ts';
import { sandboxEnvironment } from '../../src/sandbox/sandbox.ts';
import { createWorld, type World } from '../../src/sandbox/world.ts';
import { systemClock } from '../../src/system-clock.ts';
import { builtProgram } from './bundle.ts';
import { type Cloud, createCloud } from './cloud.ts';
import { type CommandResult, type RunningCommand, startCommand } from './command.ts';
import { addBackup, INSTANCE } from './scenario.ts';

/** A bucket of the S3 stand-in or of a real server. */
export interface BucketPlace {
  readonly endpoint: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface Workplace {
  /** Empty, removed at the end; what goes to `file://` lies in `kept` below it. */
  readonly cwd: string;
  readonly cloud: Cloud;
  /** Variables for the cloud and the destination, and nothing else. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts the program; `env` is added to the workplace's own, and an empty value unsets one. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): RunningCommand;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CommandResult>;
  /** Ends what still runs, and removes everything. */
  close(): Promise<void>;
  /** Runs a line of bash in which `$PROGRAM` is the program. */
  shell(line: string, env?: Readonly<Record<string, string>>): Promise<CommandResult>;
}

export interface WorkplaceOptions {
  /** What the cloud holds; one instance with one backup of one small dump where absent. */
  readonly fill?: (world: World) => void;
  readonly world?: World;
  /** The folder `kept` where absent. */
  readonly bucket?: BucketPlace;
}

/** `close` it when the test has finished. */
export async function openWorkplace({ fill, world, bucket }: WorkplaceOptions = {}): Promise<Workplace> {
  const filled = world ?? createWorld(systemClock);
  if (world === undefined) (fill ?? oneSmallBackup)(filled);
  const cloud = await createCloud({ world: filled, clock: systemClock });
  const cwd = mkdtempSync(join(tmpdir(), 'archiver-e2e-'));
  const env = {
    ...sandboxEnvironment(cloud),
    // Whoever runs the tests has shared AWS files, perhaps.
    HOME: cwd,
    ...(bucket === undefined
      ? { ARCHIVER_DESTINATION: pathToFileURL(join(cwd, 'kept')).href }
      : bucketEnvironment(bucket)),
  };
  const running: RunningCommand[] = [];

  function start(args: readonly string[], more: Readonly<Record<string, string>> = {}, program?: string[]) {
    const command = startCommand(args, { cwd, env: { ...env, ...more }, ...(program && { program }) });
    running.push(command);
    return command;
  }

  return {
    cwd,
    cloud,
    env,
    start: (args, more) => start(args, more),
    run: (args, more) => start(args, more).result,
    shell(line, more) {
      const { program, env } = builtProgram();
      return start([line], { ...env, ...more, PROGRAM: program.join(' '), PATH }, ['bash', '-c']).result;
    },
    async close() {
      for (const { child } of running) child.kill('SIGKILL');
      await Promise.all(running.map(({ result }) => result));
      await cloud.close();
      rmSync(cwd, { recursive: true });
    },
  };
}

const { PATH = '' } = process.env;

function bucketEnvironment({ endpoint, bucket, credentials }: BucketPlace): Record<string, string> {
  return {
    ARCHIVER_DESTINATION: `s3://${bucket}/redis`,
    ARCHIVER_S3_ENDPOINT: endpoint,
    ARCHIVER_S3_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

function oneSmallBackup(world: World): void {
  world.addInstance({ id: INSTANCE, name: 'orders' });
  addBackup(world, systemClock, { id: 'backup-1' });
}

/** The JSON lines that a run logged. */
export function linesOf({ stdout }: CommandResult): LogLine[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LogLine);
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly event?: string };

/** The outcomes among the lines. */
export function outcomesOf(result: CommandResult): LogLine[] {
  return linesOf(result).filter(({ event }) => event === 'backup.outcome');
}

/** The summary, which must be the last line. */
export function summaryOf(result: CommandResult): LogLine {
  const last = linesOf(result).at(-1);
  if (last?.event !== 'run.summary') throw new Error(`the last line is no summary: ${JSON.stringify(last)}`);
  return last;
}

/** The paths of all files below a folder; none where it is not there. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** The rows of a listing command's `--json`. */
export function itemsOf<Item>({ stdout }: CommandResult): Item[] {
  return (JSON.parse(stdout) as { items: Item[] }).items;
}

/** What two runs over the same cloud must agree in: everything but when it happened and who did it. */
export function lasting(manifest: Manifest): Omit<Manifest, 'archivedAt' | 'archiver'> {
  const { archivedAt: _, archiver: __, ...rest } = manifest;
  return rest;
}
