/** The servers that all contestants share: nginx with the dumps, over HTTP and HTTPS, and two destinations: Ceph's gateway and a draining sink. */
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { openCephBucket } from '../../test/support/ceph.ts';

export type Scheme = 'http' | 'https';
export type DestinationName = 'ceph' | 'sink';

export interface Servers {
  /** Base address of the dumps. */
  files(scheme: Scheme): string;
  /** The S3 endpoint. */
  endpoint(scheme: Scheme, destination: DestinationName): string;
  readonly bucket: Readonly<Record<DestinationName, string>>;
  /** Certificate of the authority that signed nginx's. */
  readonly ca: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes a dump of so many bytes, once; gives its path below `files`. */
  dump(size: number): Promise<string>;
  /** The keys below `BUCKET/PREFIX` of Ceph. */
  keys(below: string): string[];
  /** Empties a bucket of Ceph, so that its memory suffices. */
  empty(): Promise<void>;
  close(): void;
}

/** The sink asks for nobody's name. */
const NOBODY = { accessKeyId: 'labkey', secretAccessKey: 'labsecret' };

export async function startServers(destinations: readonly DestinationName[]): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-servers-'));
  const ca = makeCertificates(folder);
  const ceph = destinations.includes('ceph') ? await openCephBucket() : undefined;
  const sink = spawn(process.execPath, [join(import.meta.dirname, 'draining-sink.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(sink.stdout, 'data')) as [Buffer];
  const plain = { ceph: ceph?.endpoint ?? '', sink: `http://127.0.0.1:${String(line).trim()}` };
  const ports = await freePorts(4);
  const [http = 0, https = 0, secureCeph = 0, secureSink = 0] = ports;
  mkdirSync(join(folder, 'dumps'));
  writeFileSync(
    join(folder, 'nginx.conf'),
    nginxConfig(folder, { http, https, secureCeph, secureSink }, plain),
  );
  const nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder, '-g', 'daemon off;'], {
    stdio: 'inherit',
  });
  await untilOpen(http);

  function rclone(...words: string[]): Buffer {
    const env = { ...process.env, ...rcloneEnvironment(plain.ceph, ceph?.credentials ?? NOBODY) };
    delete env['AWS_CA_BUNDLE'];
    return execFileSync('rclone', words, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  }

  return {
    files: (scheme) => `${scheme}://127.0.0.1:${scheme === 'http' ? http : https}`,
    endpoint(scheme, destination) {
      if (scheme === 'http') return plain[destination];
      return `https://127.0.0.1:${destination === 'ceph' ? secureCeph : secureSink}`;
    },
    bucket: { ceph: ceph?.bucket ?? '', sink: 'bench' },
    ca,
    credentials: ceph?.credentials ?? NOBODY,
    async dump(size) {
      const name = `dump-${size}.rdb`;
      const path = join(folder, 'dumps', name);
      if (!existsSync(path)) {
        const dump = syntheticDump({ size });
        await pipeline(Readable.from(dump.read(0, size)), createWriteStream(path));
      }
      return name;
    },
    keys(below) {
      const prefix = below.slice(below.indexOf('/') + 1);
      const listed = rclone('lsf', '--recursive', '--files-only', `bench:${below}`).toString();
      return listed
        .trim()
        .split('\n')
        .map((name) => `${prefix}/${name}`);
    },
    async empty() {
      if (ceph) rclone('delete', `bench:${ceph.bucket}`);
    },
    close() {
      ceph?.close();
      sink.kill();
      nginx.kill('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The cloud's API, whose links lead to our nginx. */
export async function startApi(options: {
  readonly size: number;
  readonly dumps: number;
  readonly files: string;
  readonly file: string;
}): Promise<{ readonly environment: Record<string, string>; close(): void }> {
  const { size, dumps, files, file } = options;
  const api = fork(join(import.meta.dirname, 'cloud-api.ts'), [String(size), String(dumps), files, file]);
  const [environment] = (await once(api, 'message')) as [Record<string, string>];
  return { environment, close: () => api.kill() };
}

/** An rclone remote called `bench`. */
export function rcloneEnvironment(
  endpoint: string,
  credentials: Servers['credentials'],
): Record<string, string> {
  return {
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_BENCH_TYPE: 's3',
    RCLONE_CONFIG_BENCH_PROVIDER: 'Ceph',
    RCLONE_CONFIG_BENCH_ENDPOINT: endpoint,
    RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: credentials.accessKeyId,
    RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

function makeCertificates(folder: string): string {
  const run = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=bench authority',
  );
  run('req', ...curve, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=127.0.0.1');
  writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  run(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'server.pem',
    '-days',
    '2',
    '-extfile',
    'names',
  );
  return join(folder, 'ca.pem');
}

function nginxConfig(
  folder: string,
  ports: Readonly<Record<'http' | 'https' | 'secureCeph' | 'secureSink', number>>,
  plain: Readonly<Record<DestinationName, string>>,
): string {
  const tls = `ssl_certificate ${folder}/server.pem; ssl_certificate_key ${folder}/server.key;`;
  // The path before the file's name is made up by the cloud.
  const files = `root ${folder}/dumps; location / { rewrite ^/.*?-?(dump-\\d+\\.rdb)$ /$1 break; }`;
  const proxy = (port: number, target: string) =>
    target === ''
      ? ''
      : `server { listen 127.0.0.1:${port} ssl; ${tls} location / { proxy_pass ${target}; proxy_set_header Host $http_host; } }`;
  return `
    ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 2; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events { worker_connections 1024; }
    http {
      access_log off; sendfile on; etag on; client_max_body_size 0; proxy_http_version 1.1;
      proxy_request_buffering off; proxy_buffering off;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
      server { listen 127.0.0.1:${ports.http}; ${files} }
      server { listen 127.0.0.1:${ports.https} ssl; ${tls} ${files} }
      ${proxy(ports.secureCeph, plain.ceph)}
      ${proxy(ports.secureSink, plain.sink)}
    }`;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function untilOpen(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const open = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx did not start');
}
