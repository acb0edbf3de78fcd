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
  try {
    await mkdir(folder, { mode });
    return folder;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return undefined;
    const above = dirname(folder);
    if (code !== 'ENOENT' || (await stat(above).catch(goneAsUndefined)) !== undefined) throw error;
    const first = await makeFolder(above, mode);
    return (await makeFolder(folder, mode)) === undefined ? first : (first ?? folder);
  }
}

function goneAsUndefined(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
