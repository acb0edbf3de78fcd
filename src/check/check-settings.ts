/** Whether the cloud is set to make backups, to keep them long enough, and to let this machine have them. Every trouble is a warning. */
import {
  type DownloadRestriction,
  encryptedBy,
  type InstanceSettings,
  RESTRICTION_HINT,
  restrictionTrouble,
  SETTING_HINTS,
  type SettingsContext,
  troublesOf,
} from '../domain/backup-settings.ts';
import { type Finding, notTried, passed, warned } from '../domain/check.ts';
import { asArchiverError } from '../domain/errors.ts';
import type { SettingsSource, Source } from '../source/source.ts';

/** So many instances are asked, two calls each; `status` goes through all of them in turn. */
const INSTANCES_ASKED = 20;
const MOST_NAMED = 5;

const SETTINGS = 'backup-settings';
const RESTRICTION = 'download-restriction';

const PERMISSIONS =
  'Only these warnings need it: grant redis:DescribeAutoBackupConfig, redis:DescribeBackupEncryptConfig and redis:DescribeBackupDownloadRestriction (deploy/policies/cam-source.json).';

/** Rejects only with the signal's reason. Empty where the dialect knows of no such settings. */
export async function checkSettings(
  { settings, name }: Source,
  instanceIds: readonly string[],
  contextOf: (source: string) => Promise<SettingsContext>,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (settings === undefined) return [];
  const restriction = await restrictionFinding(settings, signal);
  if (instanceIds.length === 0) return [restriction, notTried(SETTINGS, 'there is no instance to ask for')];
  return [restriction, ...(await instanceFindings(settings, instanceIds, await contextOf(name), signal))];
}

async function restrictionFinding(settings: SettingsSource, signal: AbortSignal): Promise<Finding> {
  const action = settings.actions.restriction;
  try {
    const [found, network] = [await settings.restriction(signal), await settings.network(signal)];
    const facts = { kind: found.kind, network };
    const trouble = restrictionTrouble(found, network);
    const finding =
      trouble === undefined
        ? passed(RESTRICTION, whoMay(found), facts)
        : warned(RESTRICTION, trouble, RESTRICTION_HINT, facts);
    return { ...finding, requests: [`${action}: done`] };
  } catch (thrown) {
    return refused(RESTRICTION, action, thrown, signal);
  }
}

function whoMay({ kind, vpcs, addresses, notIn }: DownloadRestriction): string {
  switch (kind) {
    case 'none':
      return 'backups can be downloaded from anywhere';
    case 'intranet-only':
      return "backups can be downloaded from the cloud's intranet, where this machine is";
    case 'custom': {
      const which = `${notIn ? 'not ' : ''}${addresses.join(', ') || 'any address'}`;
      return `backups can be downloaded from ${vpcs.join(', ') || 'any VPC'} and ${which} only; whether from here, the download above shows`;
    }
  }
}

async function instanceFindings(
  settings: SettingsSource,
  instanceIds: readonly string[],
  context: SettingsContext,
  signal: AbortSignal,
): Promise<Finding[]> {
  const actions = `${settings.actions.automatic}, ${settings.actions.encryption}`;
  const asked = instanceIds.slice(0, INSTANCES_ASKED);
  const found: Asked[] = [];
  try {
    for (const id of asked) found.push({ id, settings: await settings.ofInstance(id, signal) });
  } catch (thrown) {
    return [refused(SETTINGS, actions, thrown, signal)];
  }
  const of =
    asked.length < instanceIds.length ? ` (${asked.length} of ${instanceIds.length} instances asked)` : '';
  const findings = [...troubleFindings(found, context, of), ...sealedFindings(found, context, of)];
  const well = passed(SETTINGS, `backups are made and kept as archiving needs it${of}`, {
    asked: asked.length,
  });
  const requests = [`${actions} of ${asked.length} instances: done`];
  return (findings.length > 0 ? findings : [well]).map((finding) => ({ ...finding, requests }));
}

interface Asked {
  readonly id: string;
  readonly settings: InstanceSettings;
}

/** One for each kind of trouble. */
function troubleFindings(found: readonly Asked[], context: SettingsContext, of: string): Finding[] {
  const troubles = found.flatMap(({ id, settings }) =>
    troublesOf(settings, context).map(({ kind, detail }) => ({ kind, text: `${id} ${detail}` })),
  );
  return [...Map.groupBy(troubles, ({ kind }) => kind)].map(([kind, each]) => {
    const detail = `${some(each.map(({ text }) => text))}${of}`;
    return warned(kind, detail, SETTING_HINTS[kind], { asked: found.length, instances: each.length });
  });
}

/** Encrypted, and no trouble since their keys are kept. */
function sealedFindings(found: readonly Asked[], { keepsKeys }: SettingsContext, of: string): Finding[] {
  const encrypted = found.flatMap(({ id, settings: { encryption } }) =>
    encryption?.encrypted ? [`${id} ${encryptedBy(encryption)}`] : [],
  );
  if (!keepsKeys || encrypted.length === 0) return [];
  return [
    passed('encrypted', `${some(encrypted)}${of}`, { asked: found.length, instances: encrypted.length }),
  ];
}

function some(texts: readonly string[]): string {
  const rest = texts.length - MOST_NAMED;
  return `${texts.slice(0, MOST_NAMED).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}

/** Runs need none of these answers. */
function refused(check: string, action: string, thrown: unknown, signal: AbortSignal): Finding {
  signal.throwIfAborted();
  const { code, message, hint } = asArchiverError(thrown);
  const finding = warned(check, message, code === 'permission' ? PERMISSIONS : hint, { code });
  return { ...finding, requests: [`${action}: ${code}`] };
}
