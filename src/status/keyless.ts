/** Which archives open only while the cloud has their backup, or do not open by their key, and what is said of them. */
import type { KeyRecords } from '../catalog/key-records.ts';
import type { KeyRecordKind } from '../domain/archive-key.ts';
import { KEYLESS_HINT, NOT_OPENED_HINT } from '../domain/encryption.ts';
import { dayOf } from '../domain/instant.ts';
import type { InstanceStatus, StatusWarning } from '../domain/status.ts';
import type { BackupRef, SourceFacts } from './assess.ts';

/** One small listing where no archive is of an encrypted backup, else two more, and up to three for each of the days. */
export async function keyTroublesIn(
  source: string,
  days: readonly string[],
  records: KeyRecords,
  options: { readonly signal: AbortSignal },
): Promise<Pick<SourceFacts, 'keyless' | 'notOpened'>> {
  if (!(await records.any(options))) return { keyless: [], notOpened: [] };
  const missing = await noted('missing', source, days, records, options);
  const affected = [...new Set(missing.map(({ startedAt }) => dayOf(startedAt)))].sort();
  const kept = new Set<string>();
  for await (const ref of records.refs('kept', source, affected, options)) kept.add(idOf(ref));
  return {
    keyless: missing.filter((ref) => !kept.has(idOf(ref))),
    notOpened: await noted('not-opened', source, days, records, options),
  };
}

async function noted(
  kind: KeyRecordKind,
  source: string,
  days: readonly string[],
  records: KeyRecords,
  options: { readonly signal: AbortSignal },
): Promise<BackupRef[]> {
  const refs: BackupRef[] = [];
  if (!(await records.any(options, { kind, source }))) return refs;
  for await (const ref of records.refs(kind, source, days, options)) refs.push(ref);
  return refs;
}

export function notOpenedWarnings(instances: readonly InstanceStatus[]): StatusWarning[] {
  const closed = instances.filter(({ notOpened }) => notOpened !== undefined);
  const archives = closed.reduce((sum, { notOpened = 0 }) => sum + notOpened, 0);
  if (archives === 0) return [];
  const message = `${some(archives, 'archive')} of ${some(closed.length, 'instance')} did not open by the key that the cloud handed out, in any way that the version knew that archived them; their keys are kept`;
  return [{ message, hint: NOT_OPENED_HINT }];
}

/** One for all instances: what is to be set is the same. */
export function keylessWarnings(instances: readonly InstanceStatus[]): StatusWarning[] {
  const locked = instances.flatMap(({ keyless }) => keyless ?? []);
  const sum = (figure: 'archives' | 'savable') => locked.reduce((total, each) => total + each[figure], 0);
  const [archives, savable] = [sum('archives'), sum('savable')];
  if (archives === 0) return [];
  const message = `${some(archives, 'archive')} of ${some(locked.length, 'instance')} can be opened by nobody without the cloud: encrypted by it, and the key was not kept`;
  if (savable === 0)
    return [{ message: `${message}; the cloud has none of these backups any more`, hint: LOST_HINT }];
  const still = savable === archives ? 'all' : savable;
  return [{ message: `${message}; the cloud still has ${still} of these backups`, hint: KEYLESS_HINT }];
}

const LOST_HINT =
  'Their keys are lost unless the cloud can bring them back: ask its support. `encryptedBackups: seal` keeps those of backups to come.';

function some(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count} ${what}s`;
}

function idOf({ instanceId, backupId }: BackupRef): string {
  return `${instanceId}\n${backupId}`;
}
