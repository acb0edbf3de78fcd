/** The restore test of one archive: each of its files into a server of its own, then what the configuration demands of the whole. */
import type { Clock } from '../domain/clock.ts';
import type { DrillRule } from '../domain/drill.ts';
import { writesRdb } from '../domain/instance.ts';
import { toInstant } from '../domain/instant.ts';
import type { Manifest } from '../domain/manifest.ts';
import { selector } from '../plan/selection.ts';
import { demandsOf, type Finding, judge } from './assertions.ts';
import { drillFile, type FileDrillPorts } from './drill-file.ts';
import type { DrilledFile, DrillFailure, DrillItem, DrillReason } from './report.ts';
import type { ServerProgram } from './server-program.ts';

export interface DrillPorts extends FileDrillPorts {
  readonly clock: Clock;
  readonly rules: readonly DrillRule[];
}

const FAILURES: Readonly<Record<DrillFailure, true>> = {
  damaged: true,
  refused: true,
  'keys-differ': true,
  'assertion-failed': true,
};

const HINTS: Readonly<Record<DrillReason, string>> = {
  damaged: 'Archive the backup again while the cloud still has it, then drill it again.',
  refused:
    "The bytes are the cloud's own. Try another server (--server); where that refuses too, take a new backup of the instance and ask the cloud's support.",
  'keys-differ':
    '`rdb-archiver inspect` shows what is in the dump. Try another server (--server), and please report it.',
  'assertion-failed':
    '`rdb-archiver inspect` shows what is in the dump; what is demanded is in `drill.rules`.',
  encrypted:
    'Only the cloud holds the key: restore it there. `rdb-archiver verify` proves that the bytes are right.',
  'no-rdb':
    'Only the cloud can load what this engine writes. `rdb-archiver verify` proves that the bytes are right.',
  'server-too-old': 'Install a newer server, or name one: --server, ARCHIVER_DRILL_SERVER.',
  'module-missing': 'Name a script that starts a server with the module (--loadmodule): --server.',
  'no-memory': 'Drill it where more memory is free (docs/drill.md).',
  'no-space': 'Name a folder with more room: drill.directory, ARCHIVER_DRILL_DIRECTORY.',
  'not-understood': 'Please report it, with the output of `rdb-archiver inspect`.',
  timeout: 'Drill it on a machine that is less busy, or with a faster disk.',
  'server-failed': 'Start the server by hand to see what it lacks.',
  unreadable: 'Where a lifecycle rule moved it to cold storage, have it restored there first.',
};

/** What no server could ever load, whatever the machine. */
export function inherentObstacle({ instance, backup, files }: Manifest): 'encrypted' | 'no-rdb' | undefined {
  if (backup.encrypted) return 'encrypted';
  return writesRdb(instance) && files.every(({ rdb }) => rdb !== undefined) ? undefined : 'no-rdb';
}

/** Rejects with the signal's reason, or when the destination cannot be reached at all; everything else is in the answer. */
export async function drillArchive(
  manifest: Manifest,
  servers: readonly ServerProgram[],
  ports: DrillPorts,
  signal: AbortSignal,
): Promise<DrillItem> {
  const begun = ports.clock.now();
  const { instance, backup } = manifest;
  const progress: Progress = { files: [], findings: [] };
  const base = {
    source: manifest.source.name,
    instanceId: instance.id,
    backupId: backup.id,
    startedAt: backup.startedAt,
    at: toInstant(begun),
  };
  const done = (
    result: Pick<DrillItem, 'reason' | 'detail'> & Partial<Pick<DrillItem, 'assertions' | 'server' | 'hint'>>,
  ): DrillItem => ({
    ...base,
    outcome: outcomeOf(result.reason),
    reason: result.reason,
    detail: result.detail,
    ...(result.reason && { hint: result.hint ?? HINTS[result.reason] }),
    durationMs: Math.round(ports.clock.now() - begun),
    ...(result.server !== undefined && { server: result.server }),
    keys: sumOf(progress.files, 'keys'),
    expired: sumOf(progress.files, 'expired'),
    files: progress.files,
    assertions: result.assertions ?? [],
  });

  const obstacle = inherentObstacle(manifest);
  if (obstacle !== undefined) return done({ reason: obstacle, detail: WHY_NEVER[obstacle] });

  const rules = ports.rules.filter((rule) => selector(rule)(instance));
  const demands = demandsOf(rules);
  let server = '';
  for (const file of manifest.files) {
    const result = await drillFile(file, orderFor(instance.engine, servers), demands, ports, signal);
    if (result.kind === 'stopped') return done(result);
    server = result.server;
    const { census, loaded, loadMs } = result;
    progress.files.push({
      name: nameOf(file.key),
      keys: census.keys,
      expired: census.expired,
      loaded,
      loadMs: Math.round(loadMs),
    });
    progress.findings.push(result.findings);
  }

  const assertions = judge(rules, demands, progress.findings, sumOf(progress.files, 'keys'));
  const broken = assertions.filter(({ ok }) => !ok);
  const [first] = broken;
  if (first) {
    const detail = broken.map(({ assertion, detail: found }) => `${assertion}: ${found}`).join('; ');
    return done({ reason: 'assertion-failed', detail, assertions, server });
  }
  return done({ reason: null, detail: '', assertions, server });
}

interface Progress {
  readonly files: DrilledFile[];
  readonly findings: (readonly Finding[])[];
}

const WHY_NEVER = {
  encrypted: 'the cloud encrypted the backup',
  'no-rdb': 'the engine writes no RDB',
} as const;

function outcomeOf(reason: DrillReason | null): DrillItem['outcome'] {
  if (reason === null) return 'passed';
  return reason in FAILURES ? 'failed' : 'not-drillable';
}

/** A Valkey dump first into Valkey, everything else first into Redis. */
function orderFor(engine: string, servers: readonly ServerProgram[]): ServerProgram[] {
  const fits = ({ name }: ServerProgram): boolean => name.startsWith('Valkey') === (engine === 'Valkey');
  return [...servers.filter(fits), ...servers.filter((server) => !fits(server))];
}

function sumOf(files: readonly DrilledFile[], figure: 'keys' | 'expired'): number {
  return files.reduce((sum, file) => sum + file[figure], 0);
}

/** `dump-2-of-5.rdb` of a key. */
function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
