/**
 * For `bench/years.ts`: an S3 store that holds years of a fleet without holding them. A manifest is made from its key, a listing's page when it is
 * asked for; only what is put below `state/` is kept. Signatures are not looked at.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { archiveLayout } from '../src/domain/archive-key.ts';
import { dayOf, toEpoch, toInstant } from '../src/domain/instant.ts';
import { syntheticDump } from '../src/sandbox/synthetic-dump.ts';

const DAY_MS = 24 * 3_600_000;
const [instances = 0, days = 0, lastDay = 0] = process.argv.slice(2).map(Number);
const REGION = 'ap-guangzhou';
const layout = archiveLayout('redis');
const dump = await bytesOf(syntheticDump({ size: 4000, seed: 1 }));
const DUMP = { bytes: dump, sha256: digest('sha256', dump), etag: digest('md5', dump) };

async function bytesOf({ size, read }: ReturnType<typeof syntheticDump>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of read(0, size)) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

function digest(algorithm: 'md5' | 'sha256', bytes: Uint8Array | string): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** The archive of one instance on one day, both from 0. */
function refOf(instance: number, day: number) {
  const startedAt = toInstant(toEpoch(`${dayOf(toInstant(lastDay))}T02:15:00Z`) - (days - 1 - day) * DAY_MS);
  const id = String(instance).padStart(7, '0');
  return {
    source: REGION,
    instanceId: `crs-${id}`,
    backupId: `${154_000_000 + day}-1320306924-3${id}`,
    startedAt,
  };
}

function manifestOf(instance: number, day: number): string {
  const ref = refOf(instance, day);
  const { instanceId, backupId, startedAt } = ref;
  const at = (minutes: number) => toInstant(toEpoch(startedAt) + minutes * 60_000);
  const value = {
    schema: 'rdb-archiver/manifest@1',
    source: { name: REGION, api: 'tencent-v3', region: REGION },
    instance: {
      id: instanceId,
      name: `orders-${instance}`,
      engine: 'Redis',
      version: '7.0',
      shards: 1,
      tags: { team: `team-${instance % 17}`, env: 'production' },
    },
    backup: { id: backupId, type: '1', startedAt, endedAt: at(4), expiresAt: at(7 * 1440), encrypted: false },
    files: [
      {
        name: `redis-${instance}.rdb`,
        key: layout.dumpKey(ref, 1, 1),
        size: DUMP.bytes.length,
        sha256: DUMP.sha256,
        etag: DUMP.etag,
        rdb: {
          family: 'redis',
          version: 11,
          serverVersion: '7.0.15',
          createdAt: startedAt,
          checksum: 'verified',
        },
      },
    ],
    archivedAt: at(20),
    archiver: {
      version: '0.2.0',
      runId: `${startedAt.replaceAll(/[-:]/g, '')}-${digest('md5', startedAt).slice(0, 8)}`,
    },
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

interface Shelf {
  readonly count: number;
  key(index: number): string;
  facts(index: number): { readonly size: number; readonly etag: string };
}

/** In the order of a listing: the catalog by day, the dumps by instance, what was written behind them. */
const catalog: Shelf = {
  count: instances * days,
  key: (index) => layout.manifestKey(refOf(index % instances, Math.floor(index / instances))),
  facts(index) {
    const text = manifestOf(index % instances, Math.floor(index / instances));
    return { size: text.length, etag: digest('md5', text) };
  },
};
const data: Shelf = {
  count: instances * days,
  key: (index) => layout.dumpKey(refOf(Math.floor(index / days), index % days), 1, 1),
  facts: () => ({ size: DUMP.bytes.length, etag: DUMP.etag }),
};
const written = new Map<string, Buffer>();
const gone = new Set<string>();

function shelves(): Shelf[] {
  const keys = [...written.keys()].sort();
  const at = (index: number) => keys[index] ?? '';
  const own: Shelf = {
    count: keys.length,
    key: at,
    facts(index) {
      const bytes = written.get(at(index)) ?? Buffer.alloc(0);
      return { size: bytes.length, etag: digest('md5', bytes) };
    },
  };
  return [catalog, data, own];
}

/** The first index whose key is not before `bound` (or, with `behind`, comes after it). */
function firstFrom({ count, key }: Shelf, bound: string, behind: boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const one = key(middle);
    if (one < bound || (behind && one === bound)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* listed(prefix: string, after: string) {
  const behind = after >= prefix && after !== '';
  for (const shelf of shelves()) {
    for (
      let index = firstFrom(shelf, behind ? after : prefix, behind);
      index < shelf.count && shelf.key(index).startsWith(prefix);
      index += 1
    ) {
      const key = shelf.key(index);
      if (!gone.has(key)) yield { key, facts: () => shelf.facts(index) };
    }
  }
}

/** What lies at a key, made anew where it is the fleet's. */
function objectAt(key: string): Buffer | undefined {
  if (gone.has(key)) return undefined;
  const own = written.get(key);
  if (own) return own;
  for (const [shelf, bytes] of [
    [catalog, (index: number) => Buffer.from(manifestOf(index % instances, Math.floor(index / instances)))],
    [data, () => DUMP.bytes],
  ] as const) {
    const index = firstFrom(shelf, key, false);
    if (index < shelf.count && shelf.key(index) === key) return bytes(index);
  }
  return undefined;
}

const counts = new Map<string, number>();
const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
const MODIFIED = toInstant(lastDay).replace('Z', '.000Z');

const server = createServer((request, response) => {
  answer(request, response).catch(() => request.socket.destroy());
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://store');
  const [, , ...rest] = pathname.split('/');
  const key = decodeURIComponent(rest.join('/'));
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const method = request.method ?? '';
  if (key === '' && method === 'GET') {
    if (query.has('object-lock')) return refuse(response, 404, 'ObjectLockConfigurationNotFoundError');
    count('List');
    return xml(response, pageOf(query));
  }
  if (method === 'POST' && query.has('delete')) {
    count('DeleteObjects');
    const keys = [...String(body).matchAll(/<Key>(.*?)<\/Key>/gs)].map(([, one = '']) => one);
    keys.forEach(remove);
    return xml(response, `<DeleteResult></DeleteResult>`);
  }
  count({ GET: 'Get', HEAD: 'Head', PUT: 'Put', DELETE: 'Delete' }[method] ?? method);
  if (method === 'DELETE') {
    remove(key);
    response.writeHead(204).end();
    return;
  }
  if (method === 'PUT') {
    if (!key.startsWith('redis/state/')) return refuse(response, 403, 'AccessDenied');
    if (request.headers['if-none-match'] === '*' && written.has(key))
      return refuse(response, 412, 'PreconditionFailed');
    written.set(key, body);
    response.writeHead(200, { etag: `"${digest('md5', body)}"` }).end();
    return;
  }
  const bytes = objectAt(key);
  if (bytes === undefined) return refuse(response, 404, 'NoSuchKey');
  response.writeHead(200, {
    'content-length': bytes.length,
    etag: `"${digest('md5', bytes)}"`,
    'last-modified': new Date(lastDay).toUTCString(),
  });
  response.end(method === 'HEAD' ? undefined : bytes);
}

function remove(key: string): void {
  if (!written.delete(key)) gone.add(key);
}

function pageOf(query: URLSearchParams): string {
  const most = Number(query.get('max-keys') ?? 1000);
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const rows: string[] = [];
  let last = '';
  let truncated = false;
  for (const { key, facts } of listed(query.get('prefix') ?? '', after)) {
    truncated = rows.length === most;
    if (truncated) break;
    const { size, etag } = facts();
    last = key;
    rows.push(
      `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>${MODIFIED}</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
  }
  const next = truncated ? `<NextContinuationToken>${last}</NextContinuationToken>` : '';
  return `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${truncated}</IsTruncated>${next}${rows.join('')}</ListBucketResult>`;
}

function xml(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>\n${text}`);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0"?>\n<Error><Code>${code}</Code></Error>`);
}

process.on('message', () => {
  process.send?.(Object.fromEntries(counts));
  counts.clear();
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
