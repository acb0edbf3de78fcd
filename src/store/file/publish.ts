/** Gives a written file its name: over what is there, or only where the name is free. */
import { createHash } from 'node:crypto';
import { link, lstat, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from './errors.ts';
import { PARTIAL_PREFIX } from './key.ts';

export async function publish(partial: string, path: string): Promise<'stored'> {
  await rename(partial, path);
  return 'stored';
}

/** What file systems without hard links say: EPERM vfat, EINVAL and EOPNOTSUPP shares, ENOSYS FUSE, EMLINK exFAT. */
const NO_HARD_LINKS = ['EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES'];

/** A hard link is the one way to give a name only where it is free that no crash can leave half-done. */
export async function publishIfAbsent(partial: string, path: string): Promise<'stored' | 'exists'> {
  try {
    await link(partial, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return 'exists';
    if (!NO_HARD_LINKS.includes(code)) throw error;
    return await publishUnderClaim(partial, path);
  } finally {
    await unlink(partial).catch(unlessMissing);
  }
  return 'stored';
}

/**
 * Where there are no hard links: of all that want the name one may make the claim, a file that only one can create, and who has it looks and
 * renames. What a crash leaves of a claim keeps that one name from being given until the sweep removes it, a day later: nothing is
 * ever half-done, and nothing overwritten.
 */
async function publishUnderClaim(partial: string, path: string): Promise<'stored' | 'exists'> {
  const claim = claimOn(partial, path);
  try {
    await (await open(claim, 'wx', 0o600)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'exists';
    throw error;
  }
  try {
    if (await lstat(path).catch(unlessMissing)) return 'exists';
    return await publish(partial, path);
  } finally {
    await unlink(claim).catch(unlessMissing);
  }
}

/** Beside the partial file, one for each path, and under a name that the sweep knows. */
function claimOn(partial: string, path: string): string {
  const name = `${PARTIAL_PREFIX}claim-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  return join(partial, '..', name);
}

function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
