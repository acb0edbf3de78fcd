/** Configuration in force, destination and sources: is all there that a run needs, and what does the store really keep. */
import pLimit from 'p-limit';
import { SOURCES_AT_ONCE, type Target } from '../archiver/survey.ts';
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { SettingsContext } from '../domain/backup-settings.ts';
import type { Finding } from '../domain/check.ts';
import { worstOf } from '../domain/exit-code.ts';
import type { Listing } from '../domain/listing.ts';
import type { StoreProbe } from '../store/object-store.ts';
import type { TrialPorts } from '../transfer/try-link.ts';
import { checkSettings } from './check-settings.ts';
import { checkSource } from './check-source.ts';
import type { CheckItem } from './report.ts';

export interface CheckPorts {
  readonly targets: readonly Target[];
  readonly probe: StoreProbe;
  readonly layout: ArchiveLayout;
  /** How a link of the source of this name is tried. */
  readonly trial: (source: string) => TrialPorts;
  /** In which form archives will be stored. */
  readonly form: () => Promise<Finding>;
  /** Whether keys of encrypted backups are kept; and whether archiving asks the cloud for them. */
  readonly keys: {
    readonly asked: boolean;
    readonly check: () => Promise<Finding>;
    /** By what the cloud's settings are judged, of a source by its name. */
    readonly context: (source: string) => Promise<SettingsContext>;
  };
  /** With which keys manifests are signed and checked, where there are any. */
  readonly signing?: Finding;
  /** What is to be seen of the settings alone. */
  readonly settings: readonly Finding[];
}

/** Rejects only with the signal's reason. */
export async function checkAll(
  { targets, probe, layout, trial, form, keys, signing, settings }: CheckPorts,
  signal: AbortSignal,
): Promise<Listing<CheckItem>> {
  const limit = pLimit(SOURCES_AT_ONCE);
  const tried = async () => [
    ...(await probe.run(layout.probeKey, { signal })),
    await form(),
    await keys.check(),
    ...(signing ? [signing] : []),
  ];
  const [destination, ...sources] = await Promise.all([
    tried().then(itemsOf('destination', null)),
    ...targets.map((target) =>
      limit(() => checkTarget(target, { trial, keys }, signal)).then(itemsOf('source', target.source.name)),
    ),
  ]);
  const items = [itemsOf('settings', null)(settings), destination ?? [], ...sources].flat();
  const problems = items
    .filter(({ verdict }) => verdict === 'failed' || verdict === 'warning')
    .map(({ part, source, check, verdict, detail, hint }) => ({
      message: `${verdict}: ${source ?? part}, ${check}: ${detail}`,
      hint,
    }));
  return { items, problems, exitCode: exitCodeOf(destination ?? [], sources) };
}

async function checkTarget(
  target: Target,
  { trial, keys }: Pick<CheckPorts, 'trial' | 'keys'>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const found = await checkSource(target, { ...trial(target.source.name), keys: keys.asked }, signal);
  const { instances, findings } = found;
  return [...findings, ...(await checkSettings(target.source, instances, keys.context, signal))];
}

/** 11 for the destination; 10 where no source is usable, 3 where some of several are. */
function exitCodeOf(destination: readonly Finding[], sources: readonly (readonly Finding[])[]): number {
  const failed = sources.filter(isBroken).length;
  const codes = new Set<number>();
  if (isBroken(destination)) codes.add(11);
  if (failed > 0) codes.add(failed === sources.length ? 10 : 3);
  return worstOf(codes);
}

function isBroken(findings: readonly Finding[]): boolean {
  return findings.some(({ verdict }) => verdict === 'failed');
}

function itemsOf(part: CheckItem['part'], source: string | null) {
  return (findings: readonly Finding[]): CheckItem[] =>
    findings.map((finding) => ({ part, source, ...finding }));
}
