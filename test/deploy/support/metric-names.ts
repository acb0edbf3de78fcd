/** The names by which our metrics can be asked for, as the program itself tells them. */
import { createMetrics } from '../../../src/report/metrics/metrics.ts';

/** Every series' name; a histogram has three. */
export async function metricNames(): Promise<ReadonlySet<string>> {
  const { body } = await createMetrics({ version: '0.0.0', clock: { now: () => 0 } }).text();
  const names = [...body.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
  );
  return new Set(names);
}

/** Our metrics that a query asks for. */
export function metricsIn(query: string): string[] {
  return [...query.matchAll(/\brdb_archiver_\w+/g)].map(([name]) => name);
}
