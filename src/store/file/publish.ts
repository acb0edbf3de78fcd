/** Gives a written file its name: over what is there, or only where the name is free. */
import { createHash } from 'node:crypto';
import { link, lstat, mkdir, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
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
 * Where there are no hard links: the file goes into a folder of its own, and that folder gets the name of the claim, which is refused to all others for
 * as long as something lies in it. So a claim is there with its content or not at all, and whoever finds one finishes it before he looks again:
 * a process that was killed between claim and name keeps nobody from going on.
 */
async function publishUnderClaim(partial: string, path: string): Promise<'stored' | 'exists'> {
  const claim = claimOn(partial, path);
  for (let attempt = 1; ; attempt += 1) {
    const refusal = await makeClaim(partial, claim);
    if (refusal === undefined) return finishOwn(claim, basename(partial), path);
    await finishOthers(claim, path);
    if (await isThere(path)) return 'exists';
    if (attempt === CLAIM_ATTEMPTS) throw refusal;
  }
}

/** One that was finished or given up between two looks is no reason to fail. */
const CLAIM_ATTEMPTS = 3;

/** Undefined where the claim is ours; else why not. */
async function makeClaim(partial: string, claim: string): Promise<unknown> {
  const own = `${partial}-claim`;
  const inside = join(own, basename(partial));
  await mkdir(own, 0o770);
  try {
    await rename(partial, inside);
    await rename(own, claim);
    return undefined;
  } catch (error) {
    await rename(inside, partial).catch(unlessMissing);
    await rmdir(own);
    return error;
  }
}

async function finishOwn(claim: string, name: string, path: string): Promise<'stored' | 'exists'> {
  const inside = join(claim, name);
  const isTaken = await isThere(path);
  const work = isTaken ? unlink(inside) : rename(inside, path);
  // Missing: another one has found it, and finished it for us.
  const wasMissing = await work.then(
    () => false,
    (error: unknown) => {
      unlessMissing(error);
      return true;
    },
  );
  await rmdir(claim).catch(() => undefined);
  return isTaken && !wasMissing ? 'exists' : 'stored';
}

/** By its own name, so that what was put into the claim meanwhile is not taken for it. */
async function finishOthers(claim: string, path: string): Promise<void> {
  const found = (await readdir(claim).catch(unlessMissing)) ?? [];
  for (const name of found)
    if (!(await isThere(path))) await rename(join(claim, name), path).catch(unlessMissing);
  // Refused where its owner is still at it.
  await rmdir(claim).catch(() => undefined);
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(unlessMissing)) !== undefined;
}

/** Beside the partial file, one for each path, and under a name that the sweep knows. */
function claimOn(partial: string, path: string): string {
  const name = `${PARTIAL_PREFIX}claim-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  return join(partial, '..', name);
}

function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
