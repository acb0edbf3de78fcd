/** Makes folders: the place of an archive, of a restored dump, of the demo. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes the folder and those above it that are not there, with this mode; gives the topmost one that was made. Rejects with what the operating
 * system says.
 *
 * Not `recursive`: Node (24.21) tries for ever, and takes a whole core, where a folder can be made by nobody (below `/proc`, on some mounts).
 */
export async function makeFolder(folder: string, mode: number): Promise<string | undefined> {
  const made = await makeOne(folder, mode);
  if (made !== 'no folder above') return made;
  const first = await makeFolder(dirname(folder), mode);
  // Whoever made the folder above meanwhile may have made this one, too.
  const second = await makeOne(folder, mode);
  if (second !== 'no folder above') return first ?? second;
  throw Object.assign(new Error(`ENOENT: no such file or directory, mkdir '${folder}'`), {
    code: 'ENOENT',
    syscall: 'mkdir',
    path: folder,
  });
}

/** The folder where it was made, undefined where it was there. */
async function makeOne(folder: string, mode: number): Promise<string | 'no folder above' | undefined> {
  try {
    await mkdir(folder, { mode });
    return folder;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'no folder above';
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return undefined;
    throw error;
  }
}
