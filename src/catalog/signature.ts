/** Signs manifests with Ed25519, and tells whether one is what the holder of the key has signed. Standard tools can check it too. */
import { type KeyObject, sign, verify } from 'node:crypto';
import { type Current, fixed } from '../domain/current.ts';
import type { Instant } from '../domain/instant.ts';

export interface SignatureKey {
  /** The first 16 hex digits of the SHA-256 of the public key (SubjectPublicKeyInfo, DER). */
  readonly id: string;
  readonly key: KeyObject;
}

export interface SignatureSettings {
  /** A private key: manifests are signed with it. */
  readonly signing?: SignatureKey;
  /** Public keys that are believed; empty: signatures are not looked at. */
  readonly trusted: readonly SignatureKey[];
  /** Archives of backups that were started earlier need no signature; absent: all need one. */
  readonly since?: Instant;
}

/**
 * `unchecked`: no public key is configured. `not-needed`: unsigned, and older than signing. `unsigned`: it should be signed.
 * `bad`: somebody else's signature, or the manifest was changed behind its own. `unknown`: signed by an algorithm that only a newer version can check.
 */
export type SignatureVerdict =
  | { readonly result: 'unchecked' | 'valid' | 'not-needed' }
  | { readonly result: 'unsigned' | 'bad' | 'unknown'; readonly detail: string };

export interface Signatures {
  /** The manifest's bytes with a signature among them, where a private key is configured. */
  sign(manifest: Uint8Array): Uint8Array;
  /** `startedAt` is the backup's start, out of the key: what the manifest itself says nobody has vouched for yet. */
  check(manifest: Uint8Array, startedAt: Instant): SignatureVerdict;
}

const ALGORITHM = 'Ed25519';

/**
 * The signature is the manifest's second line, whole and in no other form, so that nothing can be smuggled in beside it. What is signed are
 * the bytes without that line: the very manifest that would be there without a signature. So `sed 2d` gives what `openssl` checks.
 */
const SIGNATURE_LINE =
  / {2}"signature": \{ "algorithm": "Ed25519", "keyId": "([0-9a-f]{16})", "value": "([A-Za-z0-9+/]{86}==)" \},\n/y;
const FIRST_LINE = '{\n';

export function createSignatures(settings: Current<SignatureSettings>): Signatures {
  return {
    sign(manifest) {
      const { signing } = settings();
      if (signing === undefined) return manifest;
      const value = sign(null, manifest, signing.key).toString('base64');
      const fields = `"algorithm": "${ALGORITHM}", "keyId": "${signing.id}", "value": "${value}"`;
      const text = Buffer.from(manifest).toString('utf8');
      return Buffer.from(`${FIRST_LINE}  "signature": { ${fields} },\n${text.slice(FIRST_LINE.length)}`);
    },

    check(manifest, startedAt) {
      const { trusted, since } = settings();
      if (trusted.length === 0) return { result: 'unchecked' };
      const found = takeApart(manifest);
      if (found === 'none') {
        return since !== undefined && startedAt < since
          ? { result: 'not-needed' }
          : { result: 'unsigned', detail: 'is not signed' };
      }
      if (typeof found === 'object' && 'algorithm' in found)
        return {
          result: 'unknown',
          detail: `is signed by ${found.algorithm}, which this version cannot check`,
        };
      if (found === 'unreadable') return bad('has a signature that is not written as we write it');
      const key = trusted.find(({ id }) => id === found.keyId)?.key;
      if (key === undefined) {
        const known = trusted.map(({ id }) => id).join(', ');
        return bad(`is signed with the key ${found.keyId}, which is none of those to be believed (${known})`);
      }
      return verify(null, found.signed, key, found.value)
        ? { result: 'valid' }
        : bad(`is not what was signed with the key ${found.keyId}: it was changed since`);
    },
  };
}

/** For who has no keys: nothing is signed, nothing checked. */
export const NO_SIGNATURES: Signatures = createSignatures(fixed({ trusted: [] }));

interface Signed {
  readonly keyId: string;
  readonly value: Buffer;
  readonly signed: Buffer;
}

interface OtherAlgorithm {
  readonly algorithm: string;
}

/** Works on bytes: what is not UTF-8 must not become something else on its way to the check. */
function takeApart(manifest: Uint8Array): Signed | OtherAlgorithm | 'none' | 'unreadable' {
  const bytes = Buffer.from(manifest.buffer, manifest.byteOffset, manifest.byteLength);
  const text = bytes.toString('latin1');
  SIGNATURE_LINE.lastIndex = FIRST_LINE.length;
  const match = text.startsWith(FIRST_LINE) ? SIGNATURE_LINE.exec(text) : null;
  if (match === null) return otherAlgorithm(bytes) ?? (hasMember(bytes) ? 'unreadable' : 'none');
  const [line, keyId = '', text64 = ''] = match;
  const value = Buffer.from(text64, 'base64');
  // The last digit has bits that mean nothing.
  if (value.toString('base64') !== text64) return 'unreadable';
  const signed = Buffer.concat([
    bytes.subarray(0, FIRST_LINE.length),
    bytes.subarray(FIRST_LINE.length + line.length),
  ]);
  return { keyId, value, signed };
}

/** Named in a form that is safe to show; undefined for ours, and for what names none. */
function otherAlgorithm(bytes: Buffer): OtherAlgorithm | undefined {
  try {
    const { algorithm } = JSON.parse(bytes.toString('utf8')).signature;
    const isOther = typeof algorithm === 'string' && /^[A-Za-z0-9.-]{1,40}$/.test(algorithm);
    return isOther && algorithm !== ALGORITHM ? { algorithm } : undefined;
  } catch {
    return undefined;
  }
}

/** Also true for what is no manifest at all: that is nothing to take for an unsigned one. */
function hasMember(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value !== 'object' || value === null || Object.hasOwn(value, 'signature');
  } catch {
    return true;
  }
}

function bad(detail: string): SignatureVerdict {
  return { result: 'bad', detail };
}
