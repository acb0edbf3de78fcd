/** The inspected bytes on their way into the bucket: in which form, how many may come, and what was sent in the end. */
import type { StoredFacts } from '../domain/manifest.ts';
import type { PlainSize, StoredForm } from '../domain/stored-form.ts';
import { sha256Tap, sizeTap, tapped } from '../integrity/taps.ts';

export interface StoredBody {
  readonly body: AsyncIterable<Uint8Array>;
  /** Of the stored bytes. */
  readonly size: PlainSize;
  /** What was sent, where it is not the plain bytes; ask when `body` has ended well. */
  stored(): StoredFacts | undefined;
}

/** Encodes the plain bytes, where they are to be stored in another form, and measures what comes out. */
export function storedBody(
  plain: AsyncIterable<Uint8Array>,
  plainSize: PlainSize,
  form: StoredForm | undefined,
): StoredBody {
  if (!form) return { body: plain, size: plainSize, stored: () => undefined };
  const [size, sha256] = [sizeTap(), sha256Tap()];
  const { body, ...encodedSize } = form.encode(plain, plainSize);
  return {
    body: tapped(body, [size, sha256]),
    size: encodedSize,
    stored: () => ({ encoding: form.encoding, size: size.result(), sha256: sha256.result() }),
  };
}
