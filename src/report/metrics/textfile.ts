/** Hands metrics to node-exporter's textfile collector, for runs on a machine of their own. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { PREFIX } from './families.ts';

/** What says when something went well for the last time: a run that knows nothing of it must not wipe it. */
const KEPT = ['last_success_timestamp_seconds', 'run_last_success_timestamp_seconds'].map(
  (name) => PREFIX + name,
);

/** Replaces the file in one step, so that nobody ever reads half of it; node-exporter reads only names that end in `.prom`. */
export async function writeTextfile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.new`;
  try {
    await writeFile(unfinished, withEarlierSuccesses(await earlierText(path), text), { mode: 0o644 });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** The text, with every series of a last success that only the earlier text has. */
export function withEarlierSuccesses(earlier: string, text: string): string {
  const said = new Set(samplesOf(text).map(({ series }) => series));
  const kept = samplesOf(earlier).filter(({ name, series }) => KEPT.includes(name) && !said.has(series));
  if (kept.length === 0) return text;
  return text
    .split('\n')
    .flatMap((line) => {
      const [, family] = /^# TYPE (\S+) /.exec(line) ?? [];
      // All series of a family stand together, below its type.
      return [line, ...kept.filter(({ name }) => name === family).map((sample) => sample.line)];
    })
    .join('\n');
}

interface Sample {
  readonly name: string;
  /** Name and labels. */
  readonly series: string;
  readonly line: string;
}

/** Lines that we wrote ourselves: a name, perhaps labels, one blank, a value. */
function samplesOf(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, series, name] = /^(([a-z_]+)(?:\{.*\})?) \S+$/.exec(line) ?? [];
    return series === undefined || name === undefined ? [] : [{ name, series, line }];
  });
}

async function earlierText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
