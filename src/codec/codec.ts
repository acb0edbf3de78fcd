/** The forms an archive can lie in: what each step is called, which of them new archives get, and the way back from any of them. */
import type { Current } from '../domain/current.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { DecodeRequest, Decoder, EncodedBody, PlainSize, StoredForm } from '../domain/stored-form.ts';
import { compress, decompress } from './zstd.ts';

export interface CodecSettings {
  readonly compression: 'none' | 'zstd';
  /** 1 to 19. */
  readonly compressionLevel: number;
  /** `age1…`; none: no encryption. */
  readonly ageRecipients: readonly string[];
  /** `AGE-SECRET-KEY-1…`, to read what is encrypted. */
  readonly ageIdentities: Current<readonly Secret[]>;
}

export interface Codec extends Decoder {
  /** Of new archives; absent where the cloud's bytes are stored as they came. */
  readonly form?: StoredForm;
}

/** A step on the way to the stored bytes. */
interface Step {
  readonly name: 'zstd' | 'age';
  readonly suffix: string;
  encode(plain: AsyncIterable<Uint8Array>, size: PlainSize): EncodedBody;
}

/** Loads the age library only where it is needed. Rejects with `config` for a recipient that nothing can be encrypted for. */
export async function createCodec(settings: CodecSettings): Promise<Codec> {
  const steps: Step[] = [];
  if (settings.compression === 'zstd') steps.push(zstdStep(settings.compressionLevel));
  if (settings.ageRecipients.length > 0) steps.push(await ageStep(settings.ageRecipients));
  return {
    ...(steps.length > 0 && { form: formOf(steps) }),
    obstacle: (encoding, what) => obstacle(encoding, what, settings.ageIdentities()),
    decode: (encoding, stored, request) => decode(encoding, stored, request, settings.ageIdentities()),
  };
}

function zstdStep(level: number): Step {
  return {
    name: 'zstd',
    suffix: '.zst',
    encode: (plain, { size, expectedSize = size }) => ({
      body: compress(plain, { level, ...(size !== undefined && { size }) }),
      ...(expectedSize !== undefined && { expectedSize }),
    }),
  };
}

async function ageStep(recipients: readonly string[]): Promise<Step> {
  const { ageEncryption } = await import('./age.ts');
  const { encrypt, sizeOf } = await ageEncryption(recipients);
  return {
    name: 'age',
    suffix: '.age',
    encode: (plain, { size, expectedSize }) => ({
      body: encrypt(plain),
      ...(size !== undefined && { size: sizeOf(size) }),
      ...(expectedSize !== undefined && { expectedSize: sizeOf(expectedSize) }),
    }),
  };
}

function formOf(steps: readonly Step[]): StoredForm {
  return {
    encoding: steps.map(({ name }) => name).join('+'),
    suffix: steps.map(({ suffix }) => suffix).join(''),
    encode(plain, size) {
      let encoded: EncodedBody = { ...size, body: plain };
      for (const step of steps) encoded = step.encode(encoded.body, encoded);
      return encoded;
    },
  };
}

async function* decode(
  encoding: string,
  stored: AsyncIterable<Uint8Array>,
  { what, size }: DecodeRequest,
  identities: readonly Secret[],
): AsyncGenerator<Uint8Array> {
  const problem = obstacle(encoding, what, identities);
  if (problem) throw problem;
  let body = stored;
  for (const name of encoding.split('+').reverse()) {
    if (name === 'zstd') body = decompress(body, what);
    else body = (await import('./age.ts')).decrypt(body, identities, what);
  }
  let position = 0;
  for await (const chunk of body) {
    position += chunk.length;
    if (size !== undefined && position > size)
      throw new ArchiverError('archive-damaged', `${what} holds more than the ${size} bytes that it should`);
    yield chunk;
  }
}

function obstacle(encoding: string, what: string, identities: readonly Secret[]): ArchiverError | undefined {
  const names = encoding.split('+');
  if (names.some((name) => name !== 'zstd' && name !== 'age'))
    return new ArchiverError(
      'newer-version',
      `${what} is stored as ${encoding}, which this version cannot read`,
    );
  if (names.includes('age') && identities.length === 0)
    return new ArchiverError('config', `${what} is encrypted, and no identity is configured`, {
      hint: IDENTITY_HINT,
    });
  return undefined;
}

const IDENTITY_HINT =
  'Set ARCHIVER_AGE_IDENTITY_FILE to a file of `age-keygen` with the identity of one of its recipients.';
