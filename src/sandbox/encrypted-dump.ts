/** A dump as the cloud encrypts it, by AES-256-CBC. Its real layout is documented nowhere; this is the most usual one. */
import { createCipheriv, createHash } from 'node:crypto';
import { bytesDump, type Dump } from './dump.ts';

/** The key from a seed, so that the same backup has the same bytes each time. */
export function keyFrom(seed: string): string {
  return createHash('sha256').update(`key of ${seed}`).digest('base64');
}

/** The vector in front, the padding of PKCS #7 at the end. Held in memory: for small dumps. */
export function encryptedDump(plain: Dump, key: string): Dump {
  const iv = createHash('md5').update(`vector of ${key} ${plain.etag}`).digest();
  const cipher = createCipheriv('aes-256-cbc', Buffer.from(key, 'base64'), iv);
  const blocks = [...plain.read(0, plain.size)].map((bytes) => cipher.update(bytes));
  return bytesDump(Buffer.concat([iv, ...blocks, cipher.final()]));
}
