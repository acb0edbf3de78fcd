/** Makes the names in a folder safe on the disk. */
import { open } from 'node:fs/promises';

/** Shares and some FUSE mounts do not sync folders: there a name is the server's to keep, which has it before it answers. */
const CANNOT = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM'];

/** Without it a crash could lose a new name. Gives whether the file system did it; rejects with what else it says. */
export async function syncFolder(folder: string): Promise<boolean> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
    return true;
  } catch (error) {
    if (!CANNOT.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  } finally {
    await handle.close();
  }
}
