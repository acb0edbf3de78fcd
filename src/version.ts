/** The product's version, as package.json says it. */
import { readFileSync } from 'node:fs';

/** Read from the file beside `src/` or `dist/`, so that the container and a checkout tell the same. */
export function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
