/** The outside of the command line as a test holds it: an application that answers what it is told to, and streams that remember. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App, AppPorts } from '../../src/app/app.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { Output, Surroundings } from '../../src/cli/surroundings.ts';
import type { Config } from '../../src/config/schema.ts';
import type { CheckFacts } from '../../src/domain/check.ts';
import type { RunSummary } from '../../src/domain/outcome.ts';
import type { StatusReport } from '../../src/domain/status.ts';
import type { InspectReport } from '../../src/inspect/report.ts';
import { systemClock } from '../../src/system-clock.ts';
import type { VerifyItem, VerifyReport } from '../../src/verify/report.ts';

export const cleanSummary: RunSummary = {
  runId: 'run-1',
  considered: 0,
  archived: 0,
  skipped: 0,
  failed: 0,
  skippedBy: {},
  bytes: 0,
  durationMs: 1,
  exitCode: 0,
};

const emptyStatus: StatusReport = {
  generatedAt: '2026-11-24T03:00:00Z',
  maxAgeMs: 93_600_000,
  sources: [],
  daysBack: 35,
  instances: [],
  warnings: [],
  problems: [],
  exitCode: 0,
};

/** The archive that an application without one of its own restores nothing of. */
export const restoredArchive = {
  source: 'ap-guangzhou',
  instanceId: 'crs-orders01',
  backupId: 'backup-1',
  startedAt: '2026-11-24T02:15:00Z',
  archivedAt: '2026-11-24T03:00:00Z',
  engine: 'Redis',
  encrypted: false,
  files: 1,
};

/** What `verify` answers when it has found these. */
export function verifiedReport(items: readonly VerifyItem[]): VerifyReport {
  const bytesRead = items.reduce((sum, item) => sum + item.bytesRead, 0);
  const summary = { depth: 'full', archives: items.length, damaged: 0, unreadable: 0, bytesRead } as const;
  return { items, problems: [], exitCode: 0, summary };
}

const nothing = { items: [], problems: [], exitCode: 0 };

const nothingInside: InspectReport = {
  archive: null,
  items: [],
  total: { keys: 0, expiring: 0, expired: 0, empty: 0, bytes: 0, size: 0 },
  problems: [],
  exitCode: 0,
};

/** Does everything asked of it at once, and finds nothing. */
export const idleApp: App = {
  run: async () => cleanSummary,
  backup: async () => cleanSummary,
  archive: async () => cleanSummary,
  reach: async () => [],
  plan: async () => nothing,
  status: async () => emptyStatus,
  listInstances: async () => nothing,
  listBackups: async () => nothing,
  index: async () => nothing,
  listArchives: async () => nothing,
  verify: async () => verifiedReport([]),
  inspect: async () => nothingInside,
  drill: async () => nothing,
  check: async () => nothing,
  restore: async () => ({ ...nothing, ...restoredArchive }),
  expire: async () => ({ ...nothing, confirmed: false, bytesStay: false }),
  hold: async () => {
    throw new Error('this test has no archive to hold');
  },
  listHolds: async () => [],
  testReceivers: async () => [],
  close: async () => undefined,
};

export interface Outside {
  /** What the application answers; the rest finds nothing. */
  readonly app?: Partial<App>;
  readonly createApp?: Surroundings['createApp'];
  readonly env?: Record<string, string>;
  /** What becomes of the destination's settings. */
  readonly destination?: CheckFacts;
  readonly signal?: AbortSignal;
  readonly createSandbox?: Surroundings['createSandbox'];
  readonly inspectFile?: Surroundings['inspectFile'];
  readonly terminalColumns?: number;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the application was made of; undefined where none was made. */
  readonly config: Config | undefined;
  readonly closed: boolean;
}

/** Runs one command line in this process. */
export async function runIn(args: readonly string[], outside: Outside = {}): Promise<Ended> {
  const stdout = memory(outside.terminalColumns);
  const stderr = memory(undefined);
  let config: Config | undefined;
  let closed = false;
  const createApp = async (given: Config, ports: AppPorts): Promise<App> => {
    config = given;
    if (outside.createApp) return outside.createApp(given, ports);
    return {
      ...idleApp,
      ...outside.app,
      async close() {
        closed = true;
      },
    };
  };
  const code = await runProgram(args, {
    createApp,
    describeDestination: async () => outside.destination ?? {},
    inspectFile:
      outside.inspectFile ??
      (async () => {
        throw new Error('this test has no file to inspect');
      }),
    createSandbox:
      outside.createSandbox ??
      (async () => {
        throw new Error('this test has no sandbox');
      }),
    stdout,
    stderr,
    env: { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 'file:///nowhere', ...outside.env },
    cwd: mkdtempSync(join(tmpdir(), 'archiver-cli-')),
    clock: systemClock,
    version: '1.2.3',
    home: '/opt/rdb-archiver',
    invocation: 'rdb-archiver',
    signal: outside.signal ?? new AbortController().signal,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text(), config, closed };
}

function memory(columns: number | undefined): Output & { text(): string } {
  const written: string[] = [];
  return {
    write: (text) => void written.push(text),
    writeBytes: async (bytes) =>
      void written.push(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1')),
    isTTY: columns !== undefined,
    columns,
    terminal: undefined,
    text: () => written.join(''),
  };
}
