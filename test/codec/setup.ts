/** Codecs as the tests use them, with keys of their own. */
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { type Codec, type CodecSettings, createCodec } from '../../src/codec/codec.ts';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import { collect, streamOf } from '../support/bodies.ts';

export interface AgeKeys {
  readonly identity: string;
  readonly recipient: string;
}

export async function newAgeKeys(): Promise<AgeKeys> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

export function codecOf(settings: Partial<CodecSettings>): Promise<Codec> {
  return createCodec({
    compression: 'none',
    compressionLevel: 3,
    ageRecipients: [],
    ageIdentities: fixed([]),
    ...settings,
  });
}

/** A codec for each form, with the identity that reads it back. */
export async function everyForm(keys: AgeKeys): Promise<Record<'zstd' | 'age' | 'zstd+age', Codec>> {
  const reading = { ageIdentities: fixed([new Secret(keys.identity)]) };
  const encrypting = { ...reading, ageRecipients: [keys.recipient] };
  return {
    zstd: await codecOf({ compression: 'zstd' }),
    age: await codecOf(encrypting),
    'zstd+age': await codecOf({ ...encrypting, compression: 'zstd' }),
  };
}

/** Through the codec's form and into memory; the producer reuses its buffer. */
export async function encoded(codec: Codec, plain: Uint8Array, chunkSize?: number): Promise<Buffer> {
  const body = streamOf(plain, chunkSize === undefined ? {} : { chunkSize });
  return gathered(formOf(codec).encode(body, { size: plain.length }).body);
}

export async function decoded(
  codec: Codec,
  encoding: string,
  stored: Uint8Array,
  { size, chunkSize }: { readonly size?: number; readonly chunkSize?: number } = {},
): Promise<Buffer> {
  const body = streamOf(stored, chunkSize === undefined ? {} : { chunkSize });
  return gathered(
    codec.decode(encoding, body, { what: 'data/dump.rdb', ...(size !== undefined && { size }) }),
  );
}

export function formOf({ form }: Codec) {
  if (!form) throw new Error('this codec has no form');
  return form;
}

async function gathered(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return (await collect(body)) ?? Buffer.alloc(0);
}
