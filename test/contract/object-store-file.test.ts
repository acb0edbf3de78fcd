/** The object store's promises, kept by a folder. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileStore } from '../../src/store/file/file-store.ts';
import { PARTIAL_PREFIX, UPLOADS_FOLDER } from '../../src/store/file/key.ts';
import { objectStoreContract } from './object-store.ts';

objectStoreContract('a folder', { proof: 'none', leftoversHaveKeys: false }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rdb-archiver-store-'));
  const root = join(directory, 'made', 'when needed');
  return {
    store: createFileStore({ directory: root }),
    async leftovers() {
      const names = await readdir(directory, { recursive: true });
      return names.filter((name) => name.includes('partial')).length;
    },
    async strand() {
      await mkdir(join(root, UPLOADS_FOLDER), { recursive: true });
      await writeFile(join(root, UPLOADS_FOLDER, `${PARTIAL_PREFIX}${randomUUID()}`), 'half a dump');
    },
    close: () => rm(directory, { recursive: true }),
  };
});
