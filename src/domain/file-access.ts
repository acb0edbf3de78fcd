/** Who may read what we write to a disk: dumps are the data itself, so nobody but the owner unless somebody says otherwise. */

/** `group` lets the files' group read too, and change nothing. */
export type FileAccess = 'owner' | 'group';

interface Modes {
  readonly file: number;
  readonly folder: number;
}

const MODES: Readonly<Record<FileAccess, Modes>> = {
  owner: { file: 0o600, folder: 0o700 },
  group: { file: 0o640, folder: 0o750 },
};

/** The modes that files and folders are made with; the process's umask can only take away from them. What is there already keeps its own. */
export function modesOf(access: FileAccess = 'owner'): Modes {
  return MODES[access];
}
