/** The restore test of one archive: each of its files into a server of its own, then what the configuration demands of the whole. */
import type { Access } from '../catalog/backup-access.ts';
import type { Clock } from '../domain/clock.ts';
import type { DrillRule } from '../domain/drill.ts';
import { ArchiverError } from '../domain/errors.ts';
import { writesRdb } from '../domain/instance.ts';
import { toInstant } from '../domain/instant.ts';
import type { Manifest } from '../domain/manifest.ts';
import { selector } from '../plan/selection.ts';
import { demandsOf, type Finding, judge } from './assertions.ts';
import { drillFile, type FileDrillPorts } from './drill-file.ts';
import type { NoDump } from './fetch-dump.ts';
import { HINTS } from './hints.ts';
import type { DrilledFile, DrillItem, DrillReason, ServerTrial } from './report.ts';
import type { ServerProgram } from './server-program.ts';
import type { LoadedFile } from './try-servers.ts';
import { isFailure } from './verdict.ts';

export interface DrillPorts extends FileDrillPorts {
  readonly clock: Clock;
  readonly rules: readonly DrillRule[];
}

/** Why no server at hand could ever load it, whatever the machine; undefined where one may. */
export function inherentObstacle({ instance, files }: Manifest, access: Access): Obstacle | undefined {
  if (!writesRdb(instance)) return NO_RDB;
  if (access.kind === 'locked')
    return {
      reason: 'encrypted',
      detail: `it ${access.detail}`,
      hint: `${access.hint} ${HINTS.encrypted}`,
    };
  return access.kind === 'unlocked' || files.every(({ rdb }) => rdb !== undefined) ? undefined : NO_RDB;
}

interface Obstacle extends NoDump {
  readonly reason: 'encrypted' | 'no-rdb';
}

const NO_RDB: Obstacle = { reason: 'no-rdb', detail: 'the engine writes no RDB' };

/** Rejects with the signal's reason, or when the destination cannot be reached at all; everything else is in the answer. */
export async function drillArchive(
  manifest: Manifest,
  servers: readonly ServerProgram[],
  ports: DrillPorts,
  signal: AbortSignal,
): Promise<DrillItem> {
  const begun = ports.clock.now();
  const { instance, backup } = manifest;
  const progress: Progress = { files: [], findings: [], trials: [], remarks: [] };
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
    ...(result.reason === null && progress.files.some(isPartial) && { partial: true }),
    detail: result.detail,
    ...(result.reason && { hint: result.hint ?? HINTS[result.reason] }),
    durationMs: Math.round(ports.clock.now() - begun),
    ...(result.server !== undefined && { server: result.server }),
    keys: sumOf(progress.files, 'keys'),
    expired: sumOf(progress.files, 'expired'),
    files: progress.files,
    assertions: result.assertions ?? [],
    trials: progress.trials,
  });

  const access = await ports.reading.access.to(manifest, { signal }).catch(unlessDamaged);
  if (access instanceof ArchiverError)
    return done({ reason: 'damaged', detail: access.message, hint: access.hint });
  const obstacle = inherentObstacle(manifest, access);
  if (obstacle !== undefined) return done(obstacle);

  const rules = ports.rules.filter((rule) => selector(rule)(instance));
  const demands = demandsOf(rules);
  let server = '';
  for (const file of manifest.files) {
    const name = nameOf(file.key);
    const result = await drillFile({ file, access }, servers, demands, ports, signal);
    progress.trials.push(...result.trials.map((trial) => ({ file: name, ...trial })));
    if (result.kind === 'stopped') return done(result);
    server = result.server;
    progress.files.push(drilledFile(name, result));
    progress.remarks.push(...remarksOn(name, result));
    progress.findings.push(result.findings);
  }

  const assertions = judge(rules, demands, progress.findings, sumOf(progress.files, 'keys'));
  const broken = assertions.filter(({ ok }) => !ok);
  const [first] = broken;
  if (first) {
    const detail = broken.map(({ assertion, detail: found }) => `${assertion}: ${found}`).join('; ');
    return done({ reason: 'assertion-failed', detail, assertions, server });
  }
  return done({ reason: null, detail: progress.remarks.join('; '), assertions, server });
}

/** A sealed key that is none keeps its archive from being restored. */
function unlessDamaged(thrown: unknown): ArchiverError {
  if (thrown instanceof ArchiverError && thrown.code === 'archive-damaged') return thrown;
  throw thrown;
}

interface Progress {
  readonly files: DrilledFile[];
  readonly findings: (readonly Finding[])[];
  readonly trials: ServerTrial[];
  /** What limits a result that is good. */
  readonly remarks: string[];
}

function outcomeOf(reason: DrillReason | null): DrillItem['outcome'] {
  if (reason === null) return 'passed';
  return isFailure(reason) ? 'failed' : 'not-drillable';
}

function drilledFile(name: string, { census, loaded, loadMs, opened }: LoadedFile): DrilledFile {
  const { ending, keys, expired } = census;
  const partial = ending.kind !== 'complete';
  return {
    name,
    keys: partial ? loaded : keys,
    expired,
    loaded,
    loadMs: Math.round(loadMs),
    ...(partial && { comparedTo: ending.offset }),
    ...(opened !== undefined && { opened }),
  };
}

function isPartial({ comparedTo }: DrilledFile): boolean {
  return comparedTo !== undefined;
}

/** A server that walks a dump to its end proves that it can be restored; what it holds then could be compared only as far as we walked. */
function remarksOn(name: string, { server, census, loaded, trials }: LoadedFile): string[] {
  const { ending, keys } = census;
  const against = trials.filter(({ result }) => isFailure(result));
  return [
    ...(ending.kind === 'complete'
      ? []
      : [
          `${server} loaded all of ${name}, ${loaded} keys; only the ${keys} before byte ${ending.offset} could be compared: ${ending.detail}`,
        ]),
    ...against.map(({ detail }) => `${server} loaded ${name}, but ${detail}`),
  ];
}

function sumOf(files: readonly DrilledFile[], figure: 'keys' | 'expired'): number {
  return files.reduce((sum, file) => sum + file[figure], 0);
}

/** `dump-2-of-5.rdb` of a key. */
function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
