/** The dependency rule has teeth: a planted sideways import, cycle or borrowed package is refused by name. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** File to its only import, and the rule that must refuse it. */
const PLANTED: readonly (readonly [file: string, imported: string, rule: string])[] = [
  ['src/domain/noun.ts', '../plan/plan.ts', 'domain-imports-only-itself'],
  ['src/domain/file.ts', 'node:fs', 'domain-is-pure'],
  ['src/plan/reader.ts', '../store/s3/s3-store.ts', 'plan-imports-only-its-own'],
  ['src/source/peer.ts', '../store/object-store.ts', 'source-imports-only-its-own'],
  ['src/store/peer.ts', '../source/source.ts', 'store-imports-only-its-own'],
  ['src/transfer/adapter.ts', '../store/s3/s3-store.ts', 'transfer-imports-only-its-own'],
  ['src/catalog/peer.ts', '../transfer/transfer.ts', 'catalog-imports-only-its-own'],
  ['src/archiver/adapter.ts', '../source/tencent-v3.ts', 'archiver-imports-only-its-own'],
  ['src/verify/peer.ts', '../expire/guard.ts', 'verify-imports-only-its-own'],
  ['src/expire/adapter.ts', '../store/s3/s3-store.ts', 'expire-imports-only-its-own'],
  ['src/drill/peer.ts', '../restore/restore.ts', 'drill-imports-only-its-own'],
  ['src/restore/upwards.ts', '../archiver/run.ts', 'restore-imports-only-its-own'],
  ['src/inspect/upwards.ts', '../cli/program.ts', 'inspect-imports-only-its-own'],
  ['src/status/upwards.ts', '../archiver/run.ts', 'status-imports-only-its-own'],
  ['src/check/adapter.ts', '../source/tencent-v3.ts', 'check-imports-only-its-own'],
  ['src/list/upwards.ts', '../archiver/run.ts', 'list-imports-only-its-own'],
  ['src/report/peer.ts', '../archiver/archiver.ts', 'report-imports-only-its-own'],
  ['src/cli/adapter.ts', '../store/s3/s3-store.ts', 'cli-imports-only-its-own'],
  ['src/daemon/adapter.ts', '../archiver/run.ts', 'daemon-imports-only-its-own'],
  ['src/daemon/timer.ts', 'node-cron', 'node-cron-has-one-owner'],
  ['src/sandbox/peer.ts', '../source/source.ts', 'sandbox-imports-only-its-own'],
  ['src/app/app.ts', '../cli/program.ts', 'app-does-not-know-the-command-line'],
  ['src/cli/entry.ts', '../main.ts', 'nobody-imports-the-entry'],
  ['src/report/agents.ts', '../network/agents.ts', 'adapters-are-wired-in-one-place'],
  ['src/require-node.js', './domain/errors.ts', 'require-node-imports-only-its-own'],
  ['src/plan/client.ts', 'got', 'got-has-one-owner'],
  ['src/catalog/client.ts', '@aws-sdk/client-s3', 'aws-sdk-has-one-owner'],
  ['src/transfer/retry.ts', 'p-retry', 'p-retry-has-one-owner'],
  ['src/transfer/gone.ts', './gone-too.ts', 'nothing-unresolvable'],
];

/** What may be done, and must not be refused: otherwise a checker that refuses everything would pass. */
const ALLOWED: readonly (readonly [file: string, imported: string])[] = [
  ['src/domain/print.ts', 'node:util'],
  ['src/transfer/port.ts', '../store/object-store.ts'],
  ['src/archiver/port.ts', '../report/observer.ts'],
  ['src/list/survey.ts', '../archiver/survey.ts'],
  ['src/cli/use.ts', '../app/app.ts'],
];

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

describe('the import rules', () => {
  let folder = '';
  let violations: readonly Violation[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-rules-'));
    const written = new Map<string, string>();
    for (const [file, imported] of [...PLANTED, ...ALLOWED]) {
      const target = resolve(folder, dirname(file), imported);
      if (imported.startsWith('.') && !imported.includes('gone')) written.set(target, 'export {};\n');
    }
    // Type-only, as the ports are imported: a checker that looks at run-time imports alone would see none of these.
    for (const [file, imported] of [...PLANTED, ...ALLOWED]) {
      written.set(
        resolve(folder, file),
        `import type { Thing } from '${imported}';\nexport type Mine = Thing;\n`,
      );
    }
    written.set(join(folder, 'src/plan/borrower.ts'), `import 'hash-wasm';\n`);
    written.set(join(folder, 'src/plan/chicken.ts'), `import './egg.ts';\n`);
    written.set(join(folder, 'src/plan/egg.ts'), `import './chicken.ts';\n`);
    for (const [path, text] of written) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    violations = await cruise(folder);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(PLANTED)('refuse that %s imports %s', (file, _imported, rule) => {
    expect(rulesBroken(file)).toContain(rule);
  });

  test.each(ALLOWED)('let %s import %s', (file) => {
    expect(rulesBroken(file)).toEqual([]);
  });

  test('refuse two files that import each other', () => {
    expect(rulesBroken('src/plan/chicken.ts')).toContain('no-cycles');
  });

  test('refuse a package that was not let into the bundle', () => {
    expect(rulesBroken('src/plan/borrower.ts')).toContain('src-ships-alone');
  });

  test('hold for the sources as they are', async () => {
    expect((await cruise(ROOT)).map((violation) => `${violation.from}: ${violation.rule.name}`)).toEqual([]);
  });

  function rulesBroken(file: string): string[] {
    return violations.filter((violation) => violation.from === file).map((violation) => violation.rule.name);
  }
});

/** Runs dependency-cruiser over `src` of a folder with the project's rules. It exits non-zero when it finds something. */
function cruise(folder: string): Promise<readonly Violation[]> {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const config = join(ROOT, '.dependency-cruiser.cjs');
  const args = [program, '--config', config, '--output-type', 'json', 'src'];
  return new Promise((done, failed) => {
    execFile(
      process.execPath,
      args,
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout, stderr) => {
        try {
          done((JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations);
        } catch (cause) {
          failed(new Error(`dependency-cruiser printed no JSON: ${stderr}`, { cause }));
        }
      },
    );
  });
}
