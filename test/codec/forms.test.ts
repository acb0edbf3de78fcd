/** Every form gives the same bytes back, whatever they are and however they come. */
import { zstdDecompressSync } from 'node:zlib';
import { Decrypter, Encrypter } from 'age-encryption';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import { patterned, streamOf } from '../support/bodies.ts';
import { codecOf, decoded, encoded, everyForm, formOf, newAgeKeys } from './setup.ts';

const KiB = 1024;
const keys = await newAgeKeys();
const forms = await everyForm(keys);

/** At the edges of age's blocks of 64 KiB, and of what zstd is handed at once. */
const SIZES = [0, 1, 64 * KiB - 1, 64 * KiB, 64 * KiB + 1, 128 * KiB, 128 * KiB + 1, 600_000];

describe.each(Object.entries(forms))('%s', (name, codec) => {
  test.each(SIZES)('gives %i bytes back', async (size) => {
    const plain = patterned(size);
    expect(await decoded(codec, name, await encoded(codec, plain), { size })).toEqual(plain);
  });

  test('gives any bytes back, in whatever pieces they come and go', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat(200_000).map((size) => patterned(size)),
    );
    const pieces = fc.integer({ min: 1, max: 70_000 });
    await fc.assert(
      fc.asyncProperty(bytes, pieces, pieces, async (plain, chunkSize, storedChunkSize) => {
        // One byte at a time takes long, and shows nothing more once it is over a few blocks.
        fc.pre(plain.length / Math.min(chunkSize, storedChunkSize) < 5000);
        const stored = await encoded(codec, plain, chunkSize);
        const again = await decoded(codec, name, stored, { size: plain.length, chunkSize: storedChunkSize });
        expect(again.equals(plain)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('is named in the manifest by its steps, and in the key by their suffixes', () => {
    const suffixes = { zstd: '.zst', age: '.age', 'zstd+age': '.zst.age' };
    expect(formOf(codec)).toMatchObject({ encoding: name, suffix: suffixes[name as keyof typeof suffixes] });
  });

  test('never asks for a byte before it is asked itself, and lets go of its source when nobody asks any more', async () => {
    let asked = 0;
    let closed = false;
    async function* source() {
      try {
        for (;;) {
          asked += 1;
          yield patterned(200 * KiB, asked);
        }
      } finally {
        closed = true;
      }
    }
    const body = formOf(codec).encode(source(), {}).body[Symbol.asyncIterator]();
    expect(asked).toBe(0);
    while (asked < 5) await body.next();
    const before = asked;
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(before);
    await body.return?.();
    expect(closed).toBe(true);
  });

  test('throws what its source throws, and gives out no end after it', async () => {
    const broken = new Error('the dump is damaged');
    const source = streamOf(patterned(300_000), {
      before: (position) => {
        if (position >= 300_000) throw broken;
      },
    });
    const pieces: Buffer[] = [];
    const reading = (async () => {
      for await (const chunk of formOf(codec).encode(source, {}).body) pieces.push(Buffer.from(chunk));
    })();
    await expect(reading).rejects.toBe(broken);
    await expect(decoded(codec, name, Buffer.concat(pieces))).rejects.toMatchObject({
      code: 'archive-damaged',
    });
  });
});

test('is compressed as one frame that says its size and has a checksum', async () => {
  const plain = Buffer.from('redis '.repeat(50_000));
  const stored = await encoded(forms.zstd, plain);
  expect(zstdDecompressSync(stored)).toEqual(plain);
  // Frame header descriptor: a content size of four bytes, the checksum's flag (RFC 8878, 3.1.1.1.1).
  expect(stored.readUInt8(4) & 0b1100_0100).toBe(0b1000_0100);
});

test("is encrypted as the library's own streams read and write it", async () => {
  const plain = patterned(300_001);
  const decrypter = new Decrypter();
  decrypter.addIdentity(keys.identity);
  expect(Buffer.from(await decrypter.decrypt(await encoded(forms.age, plain)))).toEqual(plain);

  const encrypter = new Encrypter();
  encrypter.addRecipient(keys.recipient);
  expect(await decoded(forms.age, 'age', await encrypter.encrypt(plain))).toEqual(plain);
});

test.each(SIZES)('tells beforehand how long %i encrypted bytes will be', async (size) => {
  const codec = await codecOf({ ageRecipients: [keys.recipient, (await newAgeKeys()).recipient] });
  const { size: told } = formOf(codec).encode(streamOf(Buffer.alloc(0)), { size });
  expect(told).toBe((await encoded(codec, patterned(size))).length);
});

test('is opened by the identity of any recipient, and encrypted with another key each time', async () => {
  const other = await newAgeKeys();
  const codec = await codecOf({ ageRecipients: [keys.recipient, other.recipient] });
  const [one, two] = [await encoded(codec, patterned(10)), await encoded(codec, patterned(10))];
  expect(one.equals(two)).toBe(false);
  for (const { identity } of [keys, other]) {
    const ageIdentities = fixed([new Secret((await newAgeKeys()).identity), new Secret(identity)]);
    expect(await decoded(await codecOf({ ageIdentities }), 'age', one)).toEqual(patterned(10));
    // Those in force when it is opened: their file may have been exchanged since.
    let inForce = [new Secret((await newAgeKeys()).identity)];
    const later = await codecOf({ ageIdentities: () => inForce });
    await expect(decoded(later, 'age', one)).rejects.toMatchObject({ code: 'config' });
    inForce = [new Secret(identity)];
    expect(await decoded(later, 'age', one)).toEqual(patterned(10));
  }
});

test('stores as it came where nothing is asked for', async () => {
  expect((await codecOf({})).form).toBeUndefined();
});
