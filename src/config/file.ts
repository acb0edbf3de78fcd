/** The configuration file: YAML to plain values, with the line of each key kept for messages. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { Problem } from './problems.ts';

export type Path = readonly (string | number)[];

/** Keys of a mapping as they were written, not yet checked. */
export type Raw = Record<string, unknown>;

export interface ConfigFile {
  readonly content: Raw;
  /** For messages: `config/archiver.yaml:4: sources[0].network`. */
  where(path: Path): string;
}

/** Looked for in the working directory where neither flag nor variable names a file. */
const DEFAULT_FILE = 'config/archiver.yaml';

/** Reads the named file, or the default one if it is there. Whatever is wrong with it becomes a problem, and an empty file. */
export function readConfigFile(named: string | undefined, cwd: string, problems: Problem[]): ConfigFile {
  const name = named ?? DEFAULT_FILE;
  const path = resolve(cwd, name);
  if (named === undefined && !existsSync(path)) return emptyFile(name);
  try {
    return parseFile(name, readFileSync(path, 'utf8'), problems);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    problems.push({
      where: name,
      what: code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`,
    });
    return emptyFile(name);
  }
}

function parseFile(name: string, text: string, problems: Problem[]): ConfigFile {
  const lines = new LineCounter();
  // Pretty errors quote the source, and with it whatever somebody put there by mistake.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({ where: `${name}:${line}:${col}`, what: `no valid YAML: ${error.message}` });
  }
  if (document.errors.length > 0) return emptyFile(name);

  const content: unknown = document.toJS() ?? {};
  if (!isMapping(content)) {
    problems.push({ where: `${name}:1`, what: 'expected a mapping of settings' });
    return emptyFile(name);
  }
  return {
    content,
    where(path) {
      for (let depth = path.length; depth > 0; depth--) {
        const node = document.getIn(path.slice(0, depth), true);
        if (isNode(node) && node.range)
          return `${name}:${lines.linePos(node.range[0]).line}: ${pathText(path)}`;
      }
      return `${name}: ${pathText(path)}`;
    },
  };
}

function emptyFile(name: string): ConfigFile {
  return { content: {}, where: (path) => `${name}: ${pathText(path)}` };
}

/** `sources[0].network` */
export function pathText(path: Path): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
}

export function isMapping(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
