/** The object store's promises, kept by a folder. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileStore } from '../../src/store/file-store.ts';
import { objectStoreContract } from './object-store.ts';

objectStoreContract('a folder', { proof: 'none' }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rdb-archiver-store-'));
  return {
    store: createFileStore({ directory: join(directory, 'made', 'when needed') }),
    async leftovers() {
      const names = await readdir(directory, { recursive: true });
      return names.filter((name) => name.includes('partial')).length;
    },
    close: () => rm(directory, { recursive: true }),
  };
});
