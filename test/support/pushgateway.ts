/** A Pushgateway for tests: the real one, and a small stand-in that adds on POST and replaces on PUT as that does. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

export interface Pushgateway {
  readonly url: string;
  /** What Prometheus would scrape from it. */
  samples(): Promise<readonly Sample[]>;
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The real one on a free port, for the length of the test; for `describeWith(['prometheus-pushgateway'], …)`. */
export async function startPushgateway(): Promise<Pushgateway> {
  // Debian's remembers in a file of the machine unless it is told not to.
  const options = ['--web.listen-address=127.0.0.1:0', '--persistence.file='];
  const child = spawn('prometheus-pushgateway', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill());
  for await (const line of createInterface({ input: child.stderr })) {
    const [, address] = /msg="Listening on" address=(\S+)/.exec(line) ?? [];
    if (address !== undefined) return gatewayAt(`http://${address}`);
  }
  throw new Error('the Pushgateway ended before it listened');
}

/** The stand-in on a free port, for the length of the test. */
export async function servePushgateway(): Promise<Pushgateway> {
  /** Group, then metric name. */
  const groups = new Map<string, Map<string, Sample[]>>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url = '' } = request;
    if (method === 'GET') {
      const all = [...groups.values()].flatMap((group) => [...group.values()].flat());
      response.end(all.map(lineOf).join(''));
      return;
    }
    const labels = groupOf(url);
    const pushed = parseSamples(Buffer.concat(chunks).toString('utf8'));
    const byName = Map.groupBy(
      pushed.map((sample) => ({ ...sample, labels: { instance: '', ...sample.labels, ...labels } })),
      ({ name }) => name.replace(/_(bucket|sum|count)$/, ''),
    );
    const key = JSON.stringify(labels);
    const kept = method === 'POST' ? (groups.get(key) ?? []) : [];
    groups.set(key, new Map([...kept, ...byName]));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return gatewayAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function gatewayAt(url: string): Pushgateway {
  return {
    url,
    async samples() {
      const text = await (await fetch(`${url}/metrics`)).text();
      return parseSamples(text).filter(({ name }) => name.startsWith('rdb_archiver_'));
    },
  };
}

/** `/metrics/job/x/name/value/name@base64/dmFsdWU`: the labels of a group. */
function groupOf(path: string): Record<string, string> {
  const [, , ...parts] = path.split('/').map(decodeURIComponent);
  const labels: Record<string, string> = {};
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [name = '', encoding] = (parts[at] ?? '').split('@');
    const value = parts[at + 1] ?? '';
    labels[name] = encoding === 'base64' ? Buffer.from(value, 'base64url').toString('utf8') : value;
  }
  return labels;
}

function parseSamples(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, inside = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const labels = [...inside.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [
      key,
      text,
    ]);
    return [{ name, labels: Object.fromEntries(labels), value: Number(value) }];
  });
}

function lineOf({ name, labels, value }: Sample): string {
  const inside = Object.entries(labels).map(([key, text]) => `${key}="${text}"`);
  return `${name}{${inside.join(',')}} ${value}\n`;
}
