/** The keys that manifests are signed with and checked by, out of variables or the files that they name. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { isInstant, toEpoch, toInstant } from '../domain/instant.ts';
import type { Environment } from './environment.ts';
import type { Problem } from './problems.ts';
import type { SigningConfig } from './schema.ts';

const PRIVATE = 'ARCHIVER_SIGNING_KEY';
const PUBLIC = 'ARCHIVER_SIGNING_PUBLIC_KEY';
const SINCE = 'ARCHIVER_SIGNING_SINCE';

const ID_LENGTH = 16;
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/** Undefined where neither signing nor checking is wanted. Never shows what it refuses. */
export function signingOf(environment: Environment, problems: Problem[]): SigningConfig | undefined {
  const signing = privateKey(environment, problems);
  const trusted = publicKeys(environment, problems);
  const since = sinceOf(environment, problems);
  if (signing === undefined && trusted.length === 0) {
    if (since !== undefined && !environment.has(PRIVATE) && !environment.has(PUBLIC))
      problems.push({ where: SINCE, what: `means nothing without ${PRIVATE} or ${PUBLIC}` });
    return undefined;
  }
  const own = signing && keyOf(createPublicKey(signing.key));
  const others = trusted.filter(({ id }) => id !== own?.id);
  return {
    ...(signing && { signing }),
    trusted: own ? [own, ...others] : others,
    ...(since !== undefined && { since }),
  };
}

function privateKey(environment: Environment, problems: Problem[]): SigningConfig['signing'] {
  const text = environment.lines(PRIVATE);
  if (text === undefined) return undefined;
  const what =
    'expected one private Ed25519 key in PEM (`openssl genpkey -algorithm ed25519`), not encrypted';
  const [block, other] = blocksOf(text);
  const key =
    block?.label === 'PRIVATE KEY' && other === undefined ? parse(createPrivateKey, block.pem) : undefined;
  if (key) return { id: keyOf(createPublicKey(key)).id, key };
  problems.push({ where: nameOf(PRIVATE, environment), what });
  return undefined;
}

function publicKeys(environment: Environment, problems: Problem[]): SigningConfig['trusted'] {
  const text = environment.lines(PUBLIC);
  if (text === undefined) return [];
  const where = nameOf(PUBLIC, environment);
  const blocks = blocksOf(text);
  const keys = blocks.map(({ label, pem }) =>
    label === 'PUBLIC KEY' ? parse(createPublicKey, pem) : undefined,
  );
  const wrong = keys.indexOf(undefined);
  if (blocks.length === 0 || wrong >= 0) {
    const which = blocks.length > 1 ? `; key ${wrong + 1} is none` : '';
    const what = `expected public Ed25519 keys in PEM (\`openssl pkey -pubout\`)${which}`;
    problems.push({ where, what });
    return [];
  }
  return keys.flatMap((key) => (key ? [keyOf(key)] : []));
}

function sinceOf(environment: Environment, problems: Problem[]): string | undefined {
  const text = environment.get(SINCE)?.trim();
  if (text === undefined) return undefined;
  const instant = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  // A date that the calendar does not have is taken for another one otherwise.
  if (isInstant(instant) && toInstant(toEpoch(instant)) === instant) return instant;
  problems.push({
    where: SINCE,
    what: 'expected a date or a time in UTC, 2026-11-24 or 2026-11-24T02:15:00Z',
  });
  return undefined;
}

function nameOf(name: string, environment: Environment): string {
  return environment.get(name) === undefined ? `${name}_FILE` : name;
}

/** One line with `\n` written out is what becomes of a PEM in many a deployment's variables. */
function blocksOf(text: string): { readonly label: string; readonly pem: string }[] {
  return [...text.replaceAll('\\n', '\n').matchAll(PEM_BLOCK)].map(([pem, label = '']) => ({ label, pem }));
}

/** Undefined for anything but an Ed25519 key. */
function parse(read: (pem: string) => KeyObject, pem: string): KeyObject | undefined {
  try {
    const key = read(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Its id is what `openssl pkey -pubin -outform DER | sha256sum` begins with. */
function keyOf(key: KeyObject): { readonly id: string; readonly key: KeyObject } {
  const der = key.export({ type: 'spki', format: 'der' });
  return { id: createHash('sha256').update(der).digest('hex').slice(0, ID_LENGTH), key };
}
