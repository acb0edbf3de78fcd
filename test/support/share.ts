/** A share in place of a disk: the file system's own calls refuse as its would, since a test can mount none. */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { onTestFinished } from 'vitest';

export interface Share {
  /** What `link` says. */
  readonly link?: string;
  /** What `fsync` says of a folder, and of a file. */
  readonly syncFolder?: string;
  readonly syncFile?: string;
}

/** Makes a share of the disk of this process until the test has finished. */
export function pretendShare({ link: linkCode, syncFolder, syncFile }: Share): void {
  const { open, link } = fs;
  const refusal = (code: string, syscall: string): Error =>
    Object.assign(new Error(`${code}: not on this share, ${syscall}`), { code, syscall });
  const put = (functions: Partial<typeof fs>): void => {
    Object.assign(fs, functions);
    syncBuiltinESMExports();
  };
  put({
    open: async (path, flags, mode) => {
      const handle = await open(path, flags, mode);
      const code = (await handle.stat()).isDirectory() ? syncFolder : syncFile;
      if (code === undefined) return handle;
      return Object.assign(handle, { sync: () => Promise.reject(refusal(code, 'fsync')) });
    },
    ...(linkCode !== undefined && { link: () => Promise.reject(refusal(linkCode, 'link')) }),
  });
  onTestFinished(() => put({ open, link }));
}
