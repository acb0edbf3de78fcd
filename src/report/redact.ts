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

/** The text without link queries, passwords, signatures and tokens; safe on a whole JSON line. */
export function redact(text: string): string {
  return RULES.reduce((kept, [pattern, replacement]) => kept.replace(pattern, replacement), text);
}
