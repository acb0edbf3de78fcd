/** Further authorities to trust, for every client at once: `NODE_EXTRA_CA_CERTS` as `.env` says it, when Node has long read its own. */
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ArchiverError } from '../domain/errors.ts';

let trusted: string | undefined;

/** Once a file. Whatever Node has read at its start stays trusted, and is not read again. Throws `config` for a file that cannot be used. */
export function trustExtraCertificates(path: string | undefined): void {
  if (path === undefined || path === trusted || getCACertificates('extra').length > 0) return;
  try {
    setDefaultCACertificates([...getCACertificates('default'), readFileSync(path, 'utf8')]);
    trusted = path;
  } catch (cause) {
    throw new ArchiverError('config', `NODE_EXTRA_CA_CERTS: the certificates of ${path} cannot be used`, {
      hint: 'Name a file of certificates in PEM.',
      cause,
    });
  }
}
