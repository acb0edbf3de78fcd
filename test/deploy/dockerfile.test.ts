/** The image is small, pinned and unprivileged, and nothing secret can get into it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const dockerfile = readFileSync(resolve(ROOT, 'Dockerfile'), 'utf8');
const ignored = readFileSync(resolve(ROOT, '.dockerignore'), 'utf8');
const instructions = dockerfile
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const stages = instructions.join('\n').split(/^FROM .*$/m);
const lastStage = (stages.at(-1) ?? '').trim().split('\n');

describe('the container image', () => {
  test('starts every stage from one base of a pinned version', () => {
    expect(instructions[0]).toMatch(/^ARG NODE_IMAGE=node:24\.\d+\.\d+-bookworm-slim$/);
    const bases = instructions.filter((line) => line.startsWith('FROM '));
    expect(bases.length).toBeGreaterThan(1);
    for (const base of bases) expect(base).toMatch(/^FROM \$\{NODE_IMAGE\}( AS \w+)?$/);
  });

  test('holds no development package and no source', () => {
    expect(dockerfile).not.toMatch(/^COPY .*node_modules/m);
    expect(lastStage).toContain('COPY --from=build /app/dist ./dist');
    expect(lastStage.filter((line) => line.startsWith('RUN '))).toEqual([]);
    expect(lastStage.filter((line) => /^COPY (?!--from).*\bsrc\b/.test(line))).toEqual([]);
  });

  test('runs as a user that is not root, by number', () => {
    const users = lastStage.filter((line) => line.startsWith('USER '));
    expect(users).toEqual(['USER 1000:1000']);
  });

  test('does one run when nothing else is asked for', () => {
    expect(lastStage).toContain('CMD ["run"]');
    expect(lastStage.find((line) => line.startsWith('ENTRYPOINT '))).toMatch(
      /^ENTRYPOINT \["node", .*"dist\/main\.js"\]$/,
    );
  });

  test('takes in only what is listed, so a forgotten secret stays outside', () => {
    const rules = ignored.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(rules[0]).toBe('*');
    const admitted = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    const copied = instructions
      .filter((line) => /^COPY (?!--from)/.test(line))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(new Set(admitted)).toEqual(new Set(copied));
  });
});
