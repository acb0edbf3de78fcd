/** For `bench/soak.ts`: whether the worker holds more at the end than at the beginning. */
import type { Sample } from './soak-words.ts';

interface Bound {
  readonly name: string;
  readonly unit: 'MB' | '';
  /** How much more the last quarter may have than the first. */
  readonly slack: (first: number) => number;
}

const MB = 1e6;
/** The worker's pool of part buffers (40 MiB), which is taken only as it is first needed, and what the runtime has outside the heap besides. */
const FULL_POOL = 42 * MB + 14 * MB;
/** The heap is measured after the garbage has gone, so what it gains is kept by somebody; resident memory also holds what the allocator has not given back. */
const BOUNDS: Readonly<Record<keyof Sample, Bound>> = {
  heap: { name: 'heap after collection', unit: 'MB', slack: () => 2 * MB },
  buffers: {
    name: 'buffers outside the heap',
    unit: 'MB',
    slack: (first) => Math.max(2 * MB, FULL_POOL - first),
  },
  rss: { name: 'resident memory', unit: 'MB', slack: (first) => 0.1 * first + 8 * MB },
  files: { name: 'open files', unit: '', slack: () => 1 },
  sockets: { name: 'open sockets', unit: '', slack: () => 3 },
  timers: { name: 'timers', unit: '', slack: () => 3 },
  handles: { name: 'active handles', unit: '', slack: () => 4 },
};

export interface Growth {
  readonly lines: readonly string[];
  /** What has grown beyond its bound, in words. */
  readonly problems: readonly string[];
}

/** Compares the medians of the first and the last quarter, after a tenth for warming up. Needs a few dozen rounds to mean anything. */
export function growthOf(samples: readonly Sample[]): Growth {
  const warm = samples.slice(Math.ceil(samples.length / 10));
  const quarter = Math.max(1, Math.floor(warm.length / 4));
  const lines: string[] = [];
  const problems: string[] = [];
  for (const [key, { name, unit, slack }] of Object.entries(BOUNDS)) {
    const values = warm.map((sample) => sample[key as keyof Sample]);
    const first = median(values.slice(0, quarter));
    const last = median(values.slice(-quarter));
    const shown = (value: number): string =>
      unit === 'MB' ? `${(value / MB).toFixed(1)} MB` : String(value);
    const most = Math.max(...values, 0);
    lines.push(
      `${name.padEnd(25)} ${shown(first).padStart(9)} → ${shown(last).padStart(9)}   (most ${shown(most)}, may grow by ${shown(slack(first))})`,
    );
    if (last > first + slack(first)) problems.push(`${name} grew from ${shown(first)} to ${shown(last)}`);
  }
  return { lines, problems };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
