/** The real tools that render and judge what is deployed; `test/deploy/build-tools` builds them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DEPLOY, type Manifest, parseManifests } from './manifests.ts';

export const CHART = resolve(DEPLOY, 'helm/rdb-archiver');

/** For `describeWith`. */
export const RENDERERS = ['helm', 'kustomize', 'kube-strict'];

/** They are written in Go and live for a moment: less collecting saves a third of their processor time. */
const GO = { GOGC: '400' };

interface ToolResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a tool to its end, with nothing of this machine's clusters or settings within its reach. */
export function runTool(tool: string, args: readonly string[], input = ''): ToolResult {
  const home = mkdtempSync(join(tmpdir(), 'tool-'));
  try {
    const { error, status, stdout, stderr } = spawnSync(tool, args, {
      input,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: home, ...GO },
    });
    if (error) throw error;
    return { code: status, stdout, stderr };
  } finally {
    rmSync(home, { recursive: true });
  }
}

/** The tool's standard output; what it complains about where it fails. */
export function outputOf(tool: string, args: readonly string[], input?: string): string {
  const { code, stdout, stderr } = runTool(tool, args, input);
  if (code !== 0) throw new Error(`${tool} ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
  return stdout;
}

/** Calls `use` with the path of a file that holds this text. */
export function withFile<T>(name: string, text: string, use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-'));
  try {
    const path = join(folder, name);
    writeFileSync(path, text);
    return use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `helm template`, as release `archiver` in namespace `backup`, for a cluster of that version. */
export function helmTemplate(values: object, kubeVersion = '1.33.0'): ToolResult {
  return withFile('values.json', JSON.stringify(values), (path) =>
    runTool('helm', [
      'template',
      'archiver',
      CHART,
      '--namespace=backup',
      `--kube-version=${kubeVersion}`,
      `--values=${path}`,
    ]),
  );
}

/** The chart's manifests, each of which has passed the strict reader; the same values are rendered once. */
export function renderChart(values: object): Manifest[] {
  const key = JSON.stringify(values);
  const text = rendered.get(key) ?? renderStrictly(values);
  rendered.set(key, text);
  return parseManifests(text);
}

const rendered = new Map<string, string>();

function renderStrictly(values: object): string {
  const { code, stdout, stderr } = helmTemplate(values);
  if (code !== 0) throw new Error(stderr);
  strictly(stdout);
  return stdout;
}

/** Manifests that every field of is known to Kubernetes, and of the right type. */
export function strictly(text: string): Manifest[] {
  outputOf('kube-strict', [], text);
  return parseManifests(text);
}
