/** A Secret as Kubernetes mounts it: each file is a link through one link to the folder of them all, which is exchanged in one step. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface MountedSecret {
  readonly path: (name: string) => string;
  /** Puts these in the place of all the others. */
  exchange(files: Readonly<Record<string, string>>): void;
}

/** For the length of the test. */
export function mountSecret(files: Readonly<Record<string, string>>): MountedSecret {
  const mount = mkdtempSync(join(tmpdir(), 'archiver-secret-'));
  onTestFinished(() => rmSync(mount, { recursive: true, force: true }));
  const path = (name: string): string => join(mount, name);
  let version = 0;

  function exchange(next: Readonly<Record<string, string>>): void {
    const before = path(`..${version}`);
    version += 1;
    mkdirSync(path(`..${version}`));
    for (const [name, text] of Object.entries(next)) writeFileSync(path(`..${version}/${name}`), text);
    symlinkSync(`..${version}`, path('..data_tmp'));
    renameSync(path('..data_tmp'), path('..data'));
    rmSync(before, { recursive: true, force: true });
  }

  exchange(files);
  for (const name of Object.keys(files)) symlinkSync(`..data/${name}`, path(name));
  return { path, exchange };
}
