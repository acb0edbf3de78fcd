/** The house rules that a newcomer would not guess, read from the files themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
/** Longer files have held two ideas each time that we looked. */
const MAX_LINES = 280;
/** Made by tools, not written by us. */
const NOT_OURS = new Set(['.git', 'node_modules', 'dist', 'coverage', 'archive', 'tmp']);
const BINARY = /\.(rdb|png|gz|zst|age|ico)$/;

interface SourceFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

const everything = filesUnder(ROOT);
const code = everything.filter(({ path }) => /^(src|test|bench)\/.*\.[jt]s$/.test(path));
const product = code.filter(({ path }) => path.startsWith('src/'));
const tests = code.filter(({ path }) => path.startsWith('test/'));

describe('every file of the product', () => {
  test('is found at all', () => {
    expect(product.length).toBeGreaterThan(10);
    expect(tests.length).toBeGreaterThan(2);
  });

  test('stays short enough to hold one idea', () => {
    const long = product.filter(({ text }) => text.trimEnd().split('\n').length > MAX_LINES);
    expect(paths(long)).toEqual([]);
  });

  test('never ends the process, but for the entry', () => {
    const entries = new Set(['src/main.ts', 'src/bin.ts', 'src/require-node.js']);
    expect(offenders(product, /\bprocess\.(exit|abort|reallyExit)\b/, (path) => entries.has(path))).toEqual(
      [],
    );
  });

  test('takes time and chance from the clock that it is handed', () => {
    const holdsTheClock = (path: string) => path === 'src/system-clock.ts' || path.startsWith('src/sandbox/');
    const clock =
      /\bDate\.now\b|\bnew Date\(\)|\bset(Timeout|Interval)\(|\bMath\.random\b|\bperformance\.now\b|timers\/promises/;
    expect(offenders(product, clock, holdsTheClock)).toEqual([]);
  });

  test('puts records by the one function that refuses what could not be read back', () => {
    const mayPut = (path: string) => /^src\/(store\/|catalog\/small-object\.ts$)/.test(path);
    expect(offenders(product, /\bstore\.put\(/, mayPut)).toEqual([]);
  });

  test('reads no environment outside the configuration and the entry', () => {
    const mayRead = (path: string) => /^src\/(config\/|main\.ts$|bin\.ts$)/.test(path);
    expect(offenders(product, /\bprocess\.env\b/, mayRead)).toEqual([]);
  });
});

describe('every file of code', () => {
  test('opens with a sentence that says what it is for', () => {
    const opening = /^(#!.*\n)?\/\*\*\s+(\* )?[^*]{20,}?[.?!:)]/;
    expect(paths(code.filter(({ text }) => !opening.test(text)))).toEqual([]);
  });

  test('is no barrel', () => {
    const barrels = code.filter(
      ({ path, text }) =>
        basename(path) === 'index.ts' || /^export \*|^export (type )?\{[^}]*\} from/m.test(text),
    );
    expect(paths(barrels)).toEqual([]);
  });

  test('silences no check', () => {
    expect(offendersInComments(/@ts-(ignore|expect-error|nocheck)|biome-ignore|eslint-disable/)).toEqual([]);
  });
});

describe('every test', () => {
  test('meets the real modules, none of them mocked', () => {
    expect(offenders(tests, /\bvi\s*\.\s*(mock|doMock|hoisted)\s*\(/)).toEqual([]);
  });

  test('is run: none narrows the suite or is switched off', () => {
    expect(offenders(tests, /\b(test|it|describe)(\.\w+)*\.(only|skip|todo|fails)\b/)).toEqual([]);
  });
});

describe('the repository', () => {
  test('names no package registry and no path of one machine', () => {
    const registry = /registry\.npmjs|npm[m]irror|deb\.debian\.org|pypi\.org|proxy\.golang\.org/;
    const machine = /(?<![\w.])\/(?:work|farm|Users|root|home\/\w+)\//;
    const found = everything.filter(({ text }) => registry.test(text) || machine.test(text));
    expect(paths(found)).toEqual([]);
  });

  test('locks its packages without the addresses that they came from', () => {
    expect(textOf('package-lock.json')).not.toContain('"resolved"');
  });

  test('keeps a heading for what is not released yet', () => {
    expect(textOf('CHANGELOG.md')).toMatch(/^## \[?Unreleased\]?$/m);
  });
});

function paths(files: readonly SourceFile[]): string[] {
  return files.map(({ path }) => path);
}

/** Files whose code, comments left out, matches. */
function offenders(
  files: readonly SourceFile[],
  pattern: RegExp,
  exempt: (path: string) => boolean = () => false,
): string[] {
  return paths(files.filter(({ path, text }) => !exempt(path) && pattern.test(withoutComments(text))));
}

function offendersInComments(pattern: RegExp): string[] {
  const self = 'test/architecture/source-rules.test.ts';
  return paths(code.filter(({ path, text }) => path !== self && pattern.test(text)));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '');
}

function textOf(path: string): string {
  return everything.find((file) => file.path === path)?.text ?? '';
}

function filesUnder(folder: string): SourceFile[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (NOT_OURS.has(entry.name)) return [];
    if (entry.isDirectory()) return filesUnder(path);
    if (!entry.isFile() || BINARY.test(entry.name)) return [];
    return [{ path: path.slice(ROOT.length + 1), text: readFileSync(path, 'utf8') }];
  });
}
