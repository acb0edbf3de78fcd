/** The image is small, pinned and unprivileged, and nothing secret can get into it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildProgram } from '../support/bundle.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const dockerfile = readFileSync(resolve(ROOT, 'Dockerfile'), 'utf8');
const { devDependencies } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
  devDependencies: { node: string };
};
const ignored = readFileSync(resolve(ROOT, '.dockerignore'), 'utf8');
const instructions = dockerfile
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const stages = instructions.join('\n').split(/^FROM .*$/m);
const lastStage = linesOf(stages.at(-1));
const drillStage = linesOf(stages.at(-2));
const buildStage = linesOf(stages.at(-3));
const entrypoint = JSON.parse(
  (lastStage.find((line) => line.startsWith('ENTRYPOINT ')) ?? '').slice('ENTRYPOINT '.length),
) as string[];

describe('the container image', () => {
  test('starts every stage from a base of a pinned version, and all but the one with a server from the Node of the tests', () => {
    expect(instructions[0]).toBe(`ARG NODE_IMAGE=node:${devDependencies.node}-bookworm-slim`);
    const bases = instructions.filter((line) => line.startsWith('FROM '));
    expect(bases.length).toBeGreaterThan(1);
    const server = bases.findIndex((base) => base.endsWith('{SERVER_IMAGE} AS drill'));
    for (const base of bases.toSpliced(server, 1)) expect(base).toMatch(/^FROM \$\{NODE_IMAGE\}( AS \w+)?$/);
    expect(instructions[1]).toMatch(/^ARG SERVER_IMAGE=\S+:\d+\.\d+\.\d+-bookworm$/);
  });

  test('holds no development package and no source', () => {
    expect(dockerfile).not.toMatch(/^COPY .*node_modules/m);
    expect(lastStage).toContain('COPY --from=build /app/dist ./dist');
    expect(lastStage.filter((line) => line.startsWith('RUN '))).toEqual([]);
    expect(lastStage.filter((line) => /^COPY (?!--from).*\bsrc\b/.test(line))).toEqual([]);
  });

  test('has a second form with a server in it, as bare and as unprivileged', () => {
    expect(drillStage).toContain('COPY --from=build /app/dist ./dist');
    expect(drillStage).toContain('USER 1000:1000');
    expect(drillStage).toContain('CMD ["drill", "--sample", "3"]');
    expect(drillStage.filter((line) => line.startsWith('RUN '))).toEqual([]);
    const started = drillStage.find((line) => line.startsWith('ENTRYPOINT ')) ?? '';
    for (const option of entrypoint.join(' ').match(/--(disable|no-report)\S+/g) ?? [])
      expect(started).toContain(option);
    expect(started).toContain('ulimit -c 0');
  });

  test('runs as a user that is not root, by number', () => {
    const users = lastStage.filter((line) => line.startsWith('USER '));
    expect(users).toEqual(['USER 1000:1000']);
  });

  test('does one run when nothing else is asked for', () => {
    expect(lastStage).toContain('CMD ["run"]');
    expect(entrypoint.join(' ')).toMatch(/exec node .* dist\/main\.js "\$@"/);
  });

  test('is one process with the arguments as given, without core files, reports, a debugger or debug lines', () => {
    const folder = mkdtempSync(join(tmpdir(), 'entrypoint-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'dist'));
    writeFileSync(
      join(folder, 'dist/main.js'),
      `const { reportOnFatalError, reportOnSignal, reportOnUncaughtException } = process.report;
       console.log(JSON.stringify({
         args: process.argv.slice(2),
         options: process.execArgv,
         limits: require('node:fs').readFileSync('/proc/self/limits', 'utf8'),
         pid: process.pid,
         debug: process.env.NODE_DEBUG,
         reports: [reportOnFatalError, reportOnSignal, reportOnUncaughtException],
       }));`,
    );
    const [file = '', ...args] = entrypoint;
    const { pid, stdout } = spawnSync(file, [...args, 'archive', "it's one; argument"], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
        NODE_DEBUG: 'http',
        NODE_OPTIONS: '--report-on-fatalerror --report-uncaught-exception --report-on-signal',
      },
    });
    const seen = JSON.parse(stdout) as Record<string, unknown>;
    expect(seen).toMatchObject({
      args: ['archive', "it's one; argument"],
      pid,
      reports: [false, false, false],
    });
    expect(seen['limits']).toMatch(/^Max core file size +0 +0 /m);
    expect(seen['options']).toContain('--disable-sigusr1');
    expect(seen).not.toHaveProperty('debug');
  });

  test('starts from code that was compiled beforehand, with the same heap and for the same user', () => {
    const compile = buildStage.find((line) => line.startsWith('RUN NODE_COMPILE_CACHE=')) ?? '';
    const heap = /--max-semi-space-size=\d+/;
    expect(heap.exec(compile)?.[0]).toBe(heap.exec(entrypoint.join(' '))?.[0]);
    expect(buildStage.indexOf('USER 1000:1000')).toBe(buildStage.indexOf(compile) - 1);
    for (const stage of [buildStage, lastStage]) expect(stage).toContain('WORKDIR /app');
    expect(lastStage).toContain('ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/cache');
    expect(lastStage).toContain('COPY --from=build --chown=0:0 /app/cache ./cache');

    const home = mkdtempSync(join(tmpdir(), 'image-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    buildProgram(home);
    const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` };
    mkdirSync(join(home, 'cache'));
    const built = spawnSync('sh', ['-c', compile.slice('RUN '.length).replaceAll('/app/', `${home}/`)], {
      ...{ cwd: home, encoding: 'utf8', env },
    });
    expect(built).toMatchObject({ status: 0, stdout: expect.stringContaining('ECONNREFUSED') });

    const options = heap.exec(compile)?.[0] ?? '';
    const { stdout, stderr } = spawnSync(process.execPath, [options, 'dist/main.js', '--version'], {
      ...{ cwd: home, encoding: 'utf8' },
      env: { ...env, NODE_COMPILE_CACHE: join(home, 'cache'), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
    });
    expect(stdout + stderr).toMatch(/main\.js.* (was )?accepted/);
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

function linesOf(stage = ''): string[] {
  return stage.trim().split('\n');
}
