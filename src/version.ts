/** The product's version, as package.json says it, and the folder that it is installed in. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Read from the file beside `src/` or `dist/`, so that the container and a checkout tell the same. */
export function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Where `docs/`, `deploy/` and `config/` lie, which messages name: in a checkout, the package and the image alike. */
export function installedIn(): string {
  return fileURLToPath(new URL('..', import.meta.url)).replace(/(?<=.)\/$/, '');
}
