/**
 * Files encrypted for age recipients, as `age -d` reads them. The header, which wraps the file's key for each recipient, is the
 * library's work; the payload is ours (age-payload.ts).
 */
import { randomBytes } from 'node:crypto';
import { armor, Decrypter, Encrypter } from 'age-encryption';
import { ArchiverError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import {
  type BlockCipher,
  NONCE_LENGTH,
  opener,
  PayloadDamage,
  payloadKey,
  payloadSize,
  sealer,
} from './age-payload.ts';

export interface AgeEncryption {
  encrypt(plain: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Bytes of the encrypted file. */
  sizeOf(plainSize: number): number;
}

interface FileKey {
  readonly header: Uint8Array;
  readonly key: Uint8Array;
}

/** The nonce and the one empty block that the library puts behind the header of an empty file. */
const EMPTY_PAYLOAD_LENGTH = NONCE_LENGTH + payloadSize(0);

/** A header holds a stanza of 100 bytes for each recipient; other programs may have put more into theirs. */
const HEADER_LIMIT = 64 * 1024;

/** How the library says that no identity is that of a recipient. */
const NO_MATCH = 'no identity matched';

/** Every header of an age file ends in a line that begins so. */
const LAST_LINE = Buffer.from('\n--- ');

/** Every file gets a key of its own. Rejects with `config` for a recipient that nothing can be encrypted for. */
export async function ageEncryption(recipients: readonly string[]): Promise<AgeEncryption> {
  const headerLength = (await newFileKey(recipients)).header.length;
  return {
    sizeOf: (plainSize) => headerLength + NONCE_LENGTH + payloadSize(plainSize),
    async *encrypt(plain) {
      const { header, key } = await newFileKey(recipients);
      const nonce = randomBytes(NONCE_LENGTH);
      yield header;
      yield nonce;
      const cipher = sealer(payloadKey(key, nonce));
      for await (const chunk of plain) yield* cipher.push(chunk);
      yield* cipher.end();
    },
  };
}

/**
 * `what` is for messages. Throws `archive-damaged` for anything but a whole age file, `config` where no identity opens it, or what
 * `stored` throws.
 */
export async function* decrypt(
  stored: AsyncIterable<Uint8Array>,
  identities: readonly Secret[],
  what: string,
): AsyncGenerator<Uint8Array> {
  let head: Buffer = Buffer.alloc(0);
  let cipher: BlockCipher | undefined;
  try {
    for await (const chunk of stored) {
      if (cipher) {
        yield* cipher.push(chunk);
        continue;
      }
      head = Buffer.concat([head, chunk]);
      const end = headerEnd(head);
      if (end === undefined || head.length < end + NONCE_LENGTH) {
        if (head.length > HEADER_LIMIT) throw new PayloadDamage('it has no header');
        continue;
      }
      const key = await openHeader(head.subarray(0, end), identities, what);
      cipher = opener(payloadKey(key, head.subarray(end, end + NONCE_LENGTH)));
      yield* cipher.push(head.subarray(end + NONCE_LENGTH));
    }
    if (!cipher) throw new PayloadDamage('it ends within its header');
    yield* cipher.end();
  } catch (error) {
    throw error instanceof PayloadDamage ? damaged(what, error) : error;
  }
}

/** Whether one of the identities opens what is encrypted for these recipients. */
export async function opensOwn(
  recipients: readonly string[],
  identities: readonly Secret[],
): Promise<boolean> {
  const { header } = await newFileKey(recipients);
  return openHeader(header, identities, 'a trial').then(
    () => true,
    () => false,
  );
}

/** A short secret as an age file in its armor. Rejects with the library's words for a recipient that nothing can be encrypted for. */
export async function sealText(text: Secret, recipients: readonly string[]): Promise<string> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(text.reveal()));
}

/** `locked`: no identity opens it. `broken`: it is no whole age file. The library's own words stay here, for it was handling the secret. */
export async function openText(
  armored: string,
  identities: readonly Secret[],
): Promise<Secret | 'locked' | 'broken'> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity.reveal());
  try {
    return new Secret(await decrypter.decrypt(armor.decode(armored), 'text'));
  } catch (error) {
    return error instanceof Error && error.message.startsWith(NO_MATCH) ? 'locked' : 'broken';
  }
}

/** The library keeps a file's key to itself, but shows it to each recipient: so one listens who adds nothing to the header. */
async function newFileKey(recipients: readonly string[]): Promise<FileKey> {
  const encrypter = new Encrypter();
  let key: Uint8Array | undefined;
  const listener = {
    wrapFileKey(fileKey: Uint8Array) {
      key = fileKey.slice();
      return [];
    },
  };
  try {
    for (const recipient of recipients) encrypter.addRecipient(recipient);
    encrypter.addRecipient(listener);
    const file = await encrypter.encrypt(new Uint8Array());
    if (key) return { header: file.subarray(0, file.length - EMPTY_PAYLOAD_LENGTH), key };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ArchiverError('config', `nothing can be encrypted for ${recipients.join(', ')}: ${why}`, {
      hint: 'ARCHIVER_AGE_RECIPIENTS holds the public keys that `age-keygen -y` prints, each `age1…`.',
    });
  }
  throw new ArchiverError('internal', 'the age library showed nobody the key of a file');
}

async function openHeader(
  header: Uint8Array,
  identities: readonly Secret[],
  what: string,
): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity.reveal());
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (!why.startsWith(NO_MATCH)) throw new PayloadDamage(`its header is wrong: ${why}`);
    throw new ArchiverError('config', `${what} is encrypted, and no configured identity opens it`, {
      hint: 'ARCHIVER_AGE_IDENTITY_FILE names a file of `age-keygen` with the identity of one of its recipients.',
    });
  }
}

/** Where the header ends: behind the line break after its last line. */
function headerEnd(head: Buffer): number | undefined {
  const line = head.indexOf(LAST_LINE);
  const end = line < 0 ? -1 : head.indexOf('\n', line + LAST_LINE.length);
  return end < 0 ? undefined : end + 1;
}

function damaged(what: string, cause: PayloadDamage): ArchiverError {
  return new ArchiverError('archive-damaged', `${what} is no whole age file: ${cause.message}`, { cause });
}
