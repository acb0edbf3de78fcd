/** `NODE_EXTRA_CA_CERTS`, looked at before anything is attempted: Node itself passes over a file that it cannot use. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Environment } from './environment.ts';
import type { Problem } from './problems.ts';

const NAME = 'NODE_EXTRA_CA_CERTS';
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** A file that is not there, or that holds no certificate, is a problem. */
export function checkExtraCertificates(environment: Environment, cwd: string, problems: Problem[]): void {
  const path = environment.get(NAME);
  if (path === undefined) return;
  const refuse = (what: string): void =>
    void problems.push({ where: NAME, what: `the file ${path} ${what}` });
  try {
    const blocks = readFileSync(resolve(cwd, path), 'utf8').match(CERTIFICATE) ?? [];
    if (blocks.length === 0) refuse('holds no certificate in PEM');
    for (const block of blocks) new X509Certificate(block);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    refuse(/^E[A-Z]+$/.test(code) ? `cannot be read (${code})` : 'holds a certificate that is damaged');
  }
}
