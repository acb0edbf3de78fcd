/** A certificate authority that nobody knows, and a server's certificate by it, made with `openssl`. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface PrivateCa {
  /** For `NODE_EXTRA_CA_CERTS`. */
  readonly caFile: string;
  readonly tls: { readonly key: string; readonly cert: string };
  remove(): Promise<void>;
}

/** A certificate for these host names and for this machine by address. */
export async function createPrivateCa(names: readonly string[]): Promise<PrivateCa> {
  const folder = await mkdtemp(join(tmpdir(), 'private-ca-'));
  const openssl = (...words: string[]) => promisify(execFile)('openssl', words, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subjectNames = [...names.map((name) => `DNS:${name}`), 'IP:127.0.0.1', 'IP:0.0.0.0'].join(',');
  await writeFile(join(folder, 'names'), `subjectAltName=${subjectNames}\n`);
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=private',
  );
  await openssl('req', ...newKey, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=server');
  await openssl(
    ...['x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-out', 'cert.pem', '-days', '2', '-extfile', 'names'],
  );
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  return {
    caFile: join(folder, 'ca.pem'),
    tls: { key: await read('key.pem'), cert: await read('cert.pem') },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
