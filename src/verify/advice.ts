/** What to do about an archive that is not as it should be, while the cloud may still have the backup. */
import type { CatalogEntry } from '../catalog/catalog.ts';
import { type Instant, toEpoch } from '../domain/instant.ts';
import type { VerifyResult } from '../domain/verification.ts';

export interface AdviceContext {
  /** The manifest's key, with the bucket or folder in front, as its own tools want it. */
  readonly manifestPlace: string;
  /** When the cloud deletes the backup; absent where nobody said so. */
  readonly expiresAt?: Instant | undefined;
  readonly now: number;
}

/** A sentence or two; empty for `ok`. */
export function adviceFor(result: VerifyResult, { ref }: CatalogEntry, context: AdviceContext): string {
  switch (result) {
    case 'ok':
      return '';
    case 'missing':
    case 'size-differs':
    case 'digest-differs':
    case 'rdb-damaged':
    case 'bad-manifest':
      return repair(ref.instanceId, ref.backupId, context);
    case 'bad-signature':
      return `Restore nothing from it. Who can write ${context.manifestPlace}, and what did an earlier version of it say (versioning)?`;
    case 'unsigned':
      return 'Was it archived before signing began? Then set ARCHIVER_SIGNING_SINCE. Else its signature was taken away: restore nothing from it.';
    case 'not-opened':
      return 'Its bytes are all there. `rdb-archiver restore --key FILE` hands its key out, to try what this version does not know (docs/encrypted-backups.md).';
    case 'unreadable-cold':
      return 'Have the store restore it first (S3: `aws s3api restore-object`), then verify it again.';
    case 'newer-version':
      return 'Verify it with the version that has written it, or a newer one.';
    case 'unreadable':
      return 'Nothing is known of it: verify it again.';
  }
}

/**
 * An archive is never overwritten, so as long as its manifest stands in the catalog no run touches it. Moved away, the manifest still tells
 * what should have been there.
 */
function repair(
  instanceId: string,
  backupId: string,
  { manifestPlace, expiresAt, now }: AdviceContext,
): string {
  const how = `move its manifest ${manifestPlace} out of the catalog, then \`rdb-archiver archive ${instanceId} ${backupId}\``;
  if (expiresAt === undefined)
    return `If the cloud still has the backup (\`rdb-archiver list backups ${instanceId}\`): ${how}.`;
  if (toEpoch(expiresAt) > now) return `The cloud has the backup until ${expiresAt}: before that, ${how}.`;
  return `The cloud deleted the backup ${expiresAt}: look for an earlier version of the objects (versioning), or a copy of the bucket.`;
}
