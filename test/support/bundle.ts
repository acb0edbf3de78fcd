/** The program as it ships, in one bundle, which starts several times as fast as its sources: for tests that start it again and again. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const ROOT = resolve(import.meta.dirname, '../..');

export interface Bundle {
  /** For `startCommand`. */
  readonly program: readonly string[];
  remove(): void;
}

export async function bundleProgram(): Promise<Bundle> {
  const home = mkdtempSync(join(tmpdir(), 'archiver-bundle-'));
  const bundle = await rolldown({ input: { main: join(ROOT, 'src/main.ts') }, platform: 'node' });
  await bundle.write({ dir: join(home, 'dist'), format: 'esm' });
  await bundle.close();
  copyFileSync(join(ROOT, 'package.json'), join(home, 'package.json'));
  return {
    program: [process.execPath, join(home, 'dist/main.js')],
    remove: () => rmSync(home, { recursive: true }),
  };
}
