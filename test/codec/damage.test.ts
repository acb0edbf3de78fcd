/** What is not the file that was stored is called damaged, to its last byte; what merely cannot be opened is not. */
import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import { patterned } from '../support/bodies.ts';
import { mistyped } from '../support/encrypted.ts';
import { codecOf, decoded, encoded, everyForm, newAgeKeys } from './setup.ts';

const keys = await newAgeKeys();
const forms = await everyForm(keys);
const PLAIN = Buffer.concat([patterned(70_000), Buffer.alloc(100_000, 'redis')]);
const DAMAGED = { code: 'archive-damaged', message: expect.stringContaining('data/dump.rdb') };

describe.each(Object.entries(forms))('%s', (name, codec) => {
  test('cut off anywhere is damaged', async () => {
    const stored = await encoded(codec, PLAIN);
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), async (length) => {
        await expect(decoded(codec, name, stored.subarray(0, length))).rejects.toMatchObject(DAMAGED);
      }),
      { numRuns: 40, examples: [[0], [stored.length - 1]] },
    );
  });

  test.each([1, 5, 100_000])('with %i bytes more than there were is damaged', async (more) => {
    const stored = Buffer.concat([await encoded(codec, PLAIN), patterned(more)]);
    await expect(decoded(codec, name, stored, { size: PLAIN.length })).rejects.toMatchObject(DAMAGED);
  });

  test('with another file behind it is damaged', async () => {
    const one = await encoded(codec, PLAIN);
    const stored = Buffer.concat([one, one]);
    for (const chunkSize of [1000, one.length, stored.length])
      await expect(decoded(codec, name, stored, { size: PLAIN.length, chunkSize })).rejects.toMatchObject(
        DAMAGED,
      );
  });

  test('with any bit changed gives no other bytes than were stored', async () => {
    const stored = await encoded(codec, PLAIN);
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.nat(7), async (position, bit) => {
        const changed = Buffer.from(stored);
        changed.writeUInt8(changed.readUInt8(position) ^ (1 << bit), position);
        const outcome = await decoded(codec, name, changed, { size: PLAIN.length }).catch(
          (error: { code?: string }) => error.code,
        );
        // A changed stanza may only look as if it were for somebody else.
        if (typeof outcome === 'string' || outcome === undefined)
          expect(outcome).toMatch(/^(archive-damaged|config)$/);
        else expect(outcome.equals(PLAIN)).toBe(true);
      }),
      { numRuns: 120 },
    );
  });

  test('throws what the store throws, not damage', async () => {
    const broken = new Error('connection reset');
    const stored = await encoded(codec, PLAIN);
    async function* body() {
      yield stored.subarray(0, stored.length - 10);
      throw broken;
    }
    const reading = (async () => {
      for await (const _ of codec.decode(name, body(), { what: 'data/dump.rdb' }));
    })();
    await expect(reading).rejects.toBe(broken);
  });
});

test('gives no more out than it should hold, however much would come', async () => {
  const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024), {
    params: { [constants.ZSTD_c_compressionLevel]: 19 },
  });
  let most = 0;
  const reading = (async () => {
    async function* body() {
      yield bomb;
    }
    for await (const chunk of forms.zstd.decode('zstd', body(), { what: 'data/dump.rdb', size: 5000 }))
      most += chunk.length;
  })();
  await expect(reading).rejects.toMatchObject({ code: 'archive-damaged' });
  expect(most).toBeLessThan(5000);
});

test('names the variable to set where no identity is configured', async () => {
  const codec = await codecOf({ ageRecipients: [keys.recipient] });
  const problem = codec.obstacle('zstd+age', 'data/dump.rdb');
  expect(problem).toMatchObject({ code: 'config', exit: 2 });
  expect(problem?.hint).toContain('ARCHIVER_AGE_IDENTITY_FILE');
  expect(codec.obstacle('zstd', 'data/dump.rdb')).toBeUndefined();
  await expect(decoded(codec, 'age', await encoded(codec, PLAIN))).rejects.toMatchObject({ code: 'config' });
});

test('says that no identity opens it, which is no damage', async () => {
  const stranger = await codecOf({ ageIdentities: fixed([new Secret((await newAgeKeys()).identity)]) });
  const stored = await encoded(forms.age, PLAIN);
  await expect(decoded(stranger, 'age', stored)).rejects.toMatchObject({
    code: 'config',
    hint: expect.stringContaining('ARCHIVER_AGE_IDENTITY_FILE'),
  });
});

test('does not guess at an encoding of a newer version', async () => {
  const codec = await codecOf({});
  expect(codec.obstacle('zstd+rot13', 'data/dump.rdb')).toMatchObject({
    code: 'newer-version',
    message: expect.stringContaining('zstd+rot13'),
  });
});

test('names the recipient that nothing can be encrypted for', async () => {
  const settings = { ageRecipients: [mistyped(keys.recipient)] };
  await expect(codecOf(settings)).rejects.toMatchObject({ code: 'config' });
});
