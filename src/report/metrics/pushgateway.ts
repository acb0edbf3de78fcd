/** Hands metrics to a Pushgateway, for runs that are over before anybody could scrape them. */

import type { Exchange } from '../notify/exchange.ts';
import type { MetricsGroup } from './metrics.ts';

const JOB = 'rdb-archiver';
const GROUPS_AT_ONCE = 8;

export interface PushOptions {
  /** Base address, without a slash at its end. */
  readonly url: string;
  readonly exchange: Exchange;
  readonly signal: AbortSignal;
}

/**
 * Adds: a POST replaces what lies in its group under the same names and leaves the rest, where a PUT would wipe the whole group and with it the
 * last success of a run that failed (README of the Pushgateway, "PUT method" and "POST method"). Where the first group cannot be pushed nobody
 * is there, and the rest is not tried; after that a group that is refused stops no other. Rejects with the first failure.
 */
export async function pushGroups(groups: readonly MetricsGroup[], options: PushOptions): Promise<void> {
  const queue = groups.values();
  const first = queue.next();
  if (first.done) return;
  await push(first.value, options);

  const failures: unknown[] = [];
  async function worker(): Promise<void> {
    for (const group of queue) await push(group, options).catch((error: unknown) => failures.push(error));
  }
  await Promise.all(Array.from({ length: GROUPS_AT_ONCE }, worker));
  if (failures.length > 0) throw failures[0];
}

function push({ labels, body }: MetricsGroup, { url, exchange, signal }: PushOptions): Promise<void> {
  const message = {
    address: `${url}/metrics/job/${JOB}${pathOf(labels)}`,
    method: 'POST',
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    body,
  } as const;
  return exchange({ message: () => message, judge: () => ({ ok: true }), secrets: [], tries: 1 }, signal);
}

/** `/source/ap-guangzhou/instance_id/crs-1`; what a path could not carry as it is goes in base64, which the Pushgateway knows by the name. */
function pathOf(labels: MetricsGroup['labels']): string {
  return Object.entries(labels)
    .map(([name, value]) =>
      /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(value)
        ? `/${name}/${value}`
        : `/${name}@base64/${Buffer.from(value, 'utf8').toString('base64url') || '='}`,
    )
    .join('');
}
