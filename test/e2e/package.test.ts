/** The package as somebody installs it, from a tarball and without any registry: whole, and in need of nothing else. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OLDEST } from '../../src/node-version.js';
import { buildProgram } from '../support/bundle.ts';
import { runCommand } from '../support/command.ts';
import { OLD_VERSION, oldNode } from '../support/old-node.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Package {
  readonly name: string;
  readonly private?: boolean;
  readonly files: readonly string[];
  readonly engines: { readonly node: string };
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Bill {
  readonly components: readonly {
    readonly group?: string;
    readonly name: string;
    readonly version: string;
  }[];
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Package;

describe('the package', () => {
  let folder = '';
  let installed = '';
  let program: readonly string[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'archiver-package-'));
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    buildProgram(tree);
    for (const name of ['README.md', 'LICENSE', ...manifest.files.filter((name) => name !== 'dist')])
      cpSync(join(ROOT, name), join(tree, name), { recursive: true });
    npm(['pack', '--ignore-scripts', '--pack-destination', folder], tree);
    const [tarball = ''] = globSync('*.tgz', { cwd: folder });
    npm(['install', '--global', '--prefix', join(folder, 'prefix'), join(folder, tarball)], folder);
    installed = join(folder, 'prefix/lib/node_modules', manifest.name);
    program = [join(folder, 'prefix/bin/rdb-archiver')];
  }, 60_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** With a cache of its own, and no way to a registry: what is not in the tarball is not to be had. */
  function npm(args: readonly string[], cwd: string): void {
    const env = {
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOME: folder,
      npm_config_cache: join(folder, 'cache'),
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    };
    execFileSync('npm', args, { cwd, env, stdio: 'pipe' });
  }

  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runCommand(args, {
      cwd: folder,
      program,
      env: { PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter), ...env },
    });

  test('can be published under its scope, and needs no other package', () => {
    expect(manifest).toMatchObject({ name: expect.stringMatching(/^@/) });
    expect(manifest.private).toBeUndefined();
    expect(manifest.dependencies).toBeUndefined();
    expect(existsSync(join(installed, 'node_modules'))).toBe(false);
  });

  test('holds the program, its pages and its licence, and neither sources nor tests', () => {
    for (const name of ['LICENSE', 'README.md', 'dist/bin.js', 'docs/drill.md', 'deploy/policies', 'config'])
      expect(existsSync(join(installed, name)), name).toBe(true);
    expect(globSync('{src,test,bench,findings,node_modules}', { cwd: installed })).toEqual([]);
    expect(globSync('**/{*.ts,.env,*.tgz}', { cwd: installed })).toEqual([]);
  });

  test('holds the licence of every package that the bundle took in, and a bill of materials that names the same', () => {
    const notices = readFileSync(join(installed, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
    const named = [...notices.matchAll(/^={80}\n(\S+) (\S+) \((.+)\)\n={80}\n\n(?=\S)/gm)];
    const bill = JSON.parse(readFileSync(join(installed, 'dist/sbom.cdx.json'), 'utf8')) as Bill;
    const billed = bill.components.map(({ group, name, version }) =>
      [group === undefined ? name : `${group}/${name}`, version].join(' '),
    );
    expect(bill).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { group: '@rdb-archiver' } },
    });
    expect(named.map(([, name, version]) => `${name} ${version}`).sort()).toEqual(billed.sort());
    expect(billed.join('\n')).toMatch(/^@aws-sdk\/client-s3 /m);
    expect(billed.join('\n')).not.toMatch(/^(vitest|typescript|rolldown) /m);
    expect(notices).toMatch(/Copyright .* Colin McDonnell/);
  });

  test('puts a command in the path that works', async () => {
    expect(await run(['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`lie in ${installed}.`),
    });
    expect(await run(['demo'])).toMatchObject({ code: 0 });
  }, 60_000);

  test('says on an older Node which one it needs, as package.json does', async () => {
    expect(manifest.engines.node).toBe(`>=${OLDEST}`);
    expect(await run(['--version'], oldNode)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`needs Node ${OLDEST} or newer, and this is Node ${OLD_VERSION}`),
    });
  });
});
