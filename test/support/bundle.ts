/** The program as it ships, which starts several times as fast as its sources: built once a run, for all tests that start it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runFolder } from './run-folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ROLLDOWN = join(ROOT, 'node_modules/rolldown/bin/cli.mjs');

/** For `startCommand`: what to run, and where Node finds what it has compiled of it, as in the container image. */
export function builtProgram(): {
  readonly program: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  const folder = runFolder();
  const main = join(buildOnce(folder), 'dist/main.js');
  return { program: [process.execPath, main], env: { NODE_COMPILE_CACHE: join(folder, 'compiled') } };
}

/** Builds into `home` what a package holds: `dist/` and `package.json`. Takes a second or two. */
export function buildProgram(home: string): void {
  const dist = join(home, 'dist');
  execFileSync(process.execPath, [ROLLDOWN, '--config', '--dir', dist], { cwd: ROOT, stdio: 'pipe' });
  cpSync(join(ROOT, 'src/sandbox/dumps'), join(dist, 'dumps'), { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(home, 'package.json'));
}

/** Test files that need it at the same moment all build it, and use the one that is there first. */
function buildOnce(folder: string): string {
  const program = join(folder, 'program');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const mine = mkdtempSync(`${program}-`);
  buildProgram(mine);
  try {
    renameSync(mine, program);
  } catch {
    rmSync(mine, { recursive: true });
  }
  return program;
}
