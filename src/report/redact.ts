/** The second line of defence for secrets in texts: by construction none should ever get here. */

const RULES: readonly (readonly [RegExp, string])[] = [
  // The query of an address: a link's query is a bearer credential for a whole dump.
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s"'<>?#\\]*)\?[^\s"'<>\\]*/gi, '$1?[redacted]'],
  // A password in an address.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>/@\\]+@/gi, '$1[redacted]@'],
  // Authorization headers of both clouds, however they are quoted.
  [/\b(TC3-HMAC-SHA256|AWS4-HMAC-SHA256)\b[^"'\n\\]*/g, '$1 [redacted]'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}/g, '$1 [redacted]'],
  [/\b(authorization|x-tc-token|cookie)(\s*:\s*)[^\s"'\\]+/gi, '$1$2[redacted]'],
  // Signatures, tokens and keys written as name=value or "name":"value".
  [
    /\b(q-signature|q-ak|x-amz-signature|x-amz-security-token|x-amz-credential|x-cos-security-token|x-tc-token|signature|secret_?key|secret_?id|secretaccesskey|sessiontoken|decryptkey|sign|token)(\s*=\s*["']?|\\?["']\s*:\s*\\?["'])[^\s"'&,;}\\]+/gi,
    '$1$2[redacted]',
  ],
];

/** The text without link queries, passwords, signatures and tokens; of whatever length. */
export function redact(text: string): string {
  return RULES.reduce((kept, [pattern, replacement]) => kept.replace(pattern, replacement), text);
}

/** Data that somebody may have to match against the cloud's or the bucket's: never changed for what they look like. No secret has a way into them. */
const EXACT = new Set([
  'runId',
  'source',
  'region',
  'instanceId',
  'backupId',
  'by',
  'key',
  'sha256',
  'sources',
  'cron',
]);

/** The same fields, the texts among them redacted at any depth, but for those that are data. */
export function redactWords(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, EXACT.has(name) ? value : redacted(value)]),
  );
}

function redacted(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(redacted);
  return typeof value === 'object' && value !== null ? redactWords(value) : value;
}
