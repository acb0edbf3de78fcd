/** The keys of age as people paste them: checked by form and checksum, so that a typing error is told before the first run. */
import { Secret } from '../domain/secret.ts';
import type { Environment } from './environment.ts';
import type { Problem } from './problems.ts';

const IDENTITY = 'ARCHIVER_AGE_IDENTITY';

/** Bech32 (BIP 173), whose alphabet leaves out what could be mistaken. */
const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const CHECKSUM_FACTORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** 32 bytes in groups of five bits, and a checksum of six. */
const KEY_LETTERS = 58;

/** Post-quantum keys (`age1pq1…`) and those of plugins are refused: not every `age` in use could read the archives back. */
export function isAgeRecipient(text: string): boolean {
  return text.startsWith('age1') && text.length === 'age1'.length + KEY_LETTERS && hasChecksum(text);
}

/**
 * `ARCHIVER_AGE_IDENTITY`, or the file of `age-keygen` that `ARCHIVER_AGE_IDENTITY_FILE` names: one identity a line, empty lines and those
 * that begin with `#` aside. Never shows what it refuses.
 */
export function ageIdentities(environment: Environment, problems: Problem[]): Secret[] {
  const text = environment.lines(IDENTITY);
  if (text === undefined) return [];
  const where = environment.get(IDENTITY) === undefined ? `${IDENTITY}_FILE` : IDENTITY;
  const lines = text.split('\n').map((line) => line.trim());
  const identities: Secret[] = [];
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    if (isIdentity(line)) identities.push(new Secret(line));
    else problems.push({ where, what: `line ${index + 1} is no age identity: ${whyNot(line)}` });
  }
  if (lines.every((line) => line === '' || line.startsWith('#')))
    problems.push({ where, what: 'holds no age identity, only comments' });
  return identities;
}

const IDENTITY_PREFIX = 'AGE-SECRET-KEY-1';

function isIdentity(line: string): boolean {
  const isLong = line.startsWith(IDENTITY_PREFIX) && line.length === IDENTITY_PREFIX.length + KEY_LETTERS;
  return isLong && line === line.toUpperCase() && hasChecksum(line.toLowerCase());
}

function whyNot(line: string): string {
  if (line.startsWith('age1')) return 'it is a recipient, the public half of one';
  if (line.startsWith('-----BEGIN AGE ENCRYPTED FILE') || line.startsWith('age-encryption.org'))
    return 'the file is itself encrypted; decrypt it first';
  if (line.startsWith('-----BEGIN') || line.startsWith('ssh-')) return 'SSH keys are not taken';
  if (line.startsWith('AGE-PLUGIN-') || line.startsWith('AGE-SECRET-KEY-PQ-'))
    return 'plugins and post-quantum keys are not taken';
  return `expected \`${IDENTITY_PREFIX}…\` as \`age-keygen\` writes it, whole and with a right checksum`;
}

function hasChecksum(text: string): boolean {
  const separator = text.lastIndexOf('1');
  const [prefix, data] = [text.slice(0, separator), text.slice(separator + 1)];
  const letters = [...data].map((letter) => ALPHABET.indexOf(letter));
  if (separator < 1 || letters.includes(-1)) return false;
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  const values = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...letters];
  return values.reduce(step, 1) === 1;
}

/** One step of the checksum's polynomial division. */
function step(checksum: number, value: number): number {
  const top = checksum >>> 25;
  const next = ((checksum & 0x1ffffff) << 5) ^ value;
  return CHECKSUM_FACTORS.reduce((sum, factor, bit) => ((top >> bit) & 1 ? sum ^ factor : sum), next);
}
