/** An archive against its manifest: what is found, by which look, and how many bytes it takes to find it. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { isDamage, verifyArchive } from '../../src/catalog/verify-archive.ts';
import { ArchiverError } from '../../src/domain/errors.ts';
import type { ManifestFile } from '../../src/domain/manifest.ts';
import type { Decoder } from '../../src/domain/stored-form.ts';
import { plainAccess } from '../support/access.ts';
import { aManifest } from '../support/manifest.ts';
import { rdbFile } from '../support/rdb.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { storeOn } from '../support/s3-stores.ts';

const { signal } = new AbortController();
const dump = await rdbFile();
const FACTS = { version: 11, checksum: 'verified' } as const;

/** For archives that lie as the cloud gave them. */
const decoder: Decoder = {
  obstacle: () => undefined,
  decode() {
    throw new Error('nothing here is in another form');
  },
};

/** What comes out of the stored bytes, once all of them are read. */
async function* opened(body: AsyncIterable<Uint8Array>, content: Uint8Array): AsyncGenerator<Uint8Array> {
  for await (const _ of body) {
    // The form is nobody's business here.
  }
  yield content;
}

const fileOf = (key: string, bytes: Buffer, changes: Partial<ManifestFile> = {}): ManifestFile => ({
  name: key,
  key,
  size: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  rdb: FACTS,
  ...changes,
});

describe('an archive', () => {
  let server: S3Server;
  let store: ReturnType<typeof storeOn>;

  beforeEach(async () => {
    server = await startS3();
    store = storeOn(server, 'aws');
    await put('one', dump);
    await put('two', dump);
  });
  afterEach(async () => {
    store.close();
    await server.close();
  });

  const put = (key: string, body: Buffer) =>
    store.put(key, body, { signal, contentType: 'application/octet-stream', ifAbsent: false });
  const verify = (files: readonly ManifestFile[], quick = false) =>
    verifyArchive(aManifest({ files }), { store, decoder, access: plainAccess }, { quick, signal });
  const reads = () => server.counts.get('GetObject') ?? 0;
  const etagOf = (key: string) => server.objects.get(key)?.etag ?? '';

  it('that is as it was is ok; a full look reads every byte, a quick one none', async () => {
    const files = [fileOf('one', dump), fileOf('two', dump, { etag: etagOf('two') })];
    expect(await verify(files)).toMatchObject({ result: 'ok', bytesRead: 2 * dump.length });
    const before = reads();
    expect(await verify(files, true)).toMatchObject({ result: 'ok', bytesRead: 0 });
    expect(reads()).toBe(before);
  });

  it('that lacks a file is told so, by its key, by both looks', async () => {
    for (const quick of [true, false]) {
      const found = await verify([fileOf('one', dump), fileOf('gone', dump)], quick);
      expect(found).toMatchObject({ result: 'missing', detail: expect.stringContaining('gone') });
    }
  });

  it('with a file of another size is told so, by both looks', async () => {
    await put('one', dump.subarray(1));
    for (const quick of [true, false])
      expect(await verify([fileOf('one', dump)], quick)).toMatchObject({
        result: 'size-differs',
        detail: expect.stringContaining(`one has ${dump.length - 1} bytes, not ${dump.length}`),
      });
  });

  it('with other bytes is found out by reading, and by a quick look where its ETag is another one', async () => {
    const file = fileOf('one', dump, { etag: etagOf('one') });
    const other = Buffer.from(dump);
    other.writeUInt8(other.readUInt8(20) ^ 1, 20);
    await put('one', other);
    for (const quick of [true, false])
      expect(await verify([file], quick)).toMatchObject({
        result: 'digest-differs',
        bytesRead: dump.length,
        detail: expect.stringContaining(file.sha256),
      });
    // Without an ETag in the manifest a quick look has nothing to go by but the size.
    expect(await verify([fileOf('one', dump)], true)).toMatchObject({ result: 'ok', bytesRead: 0 });
  });

  it('that another run stored again has another ETag in some stores, and is ok when its bytes are read', async () => {
    const file = fileOf('one', dump, { etag: '0'.repeat(32) });
    expect(await verify([file], true)).toMatchObject({ result: 'ok', bytesRead: dump.length });
  });

  it('whose manifest promises a dump where none lies is damaged, though its digest is right', async () => {
    const text = Buffer.from('not a dump at all, but just as it was recorded');
    await put('one', text);
    const promised = { ...fileOf('one', text), rdb: { version: 11, checksum: 'absent' } } as const;
    expect(await verify([promised])).toMatchObject({ result: 'rdb-damaged' });
    const { rdb: _, ...unchecked } = fileOf('one', text);
    expect(await verify([unchecked])).toMatchObject({ result: 'ok' });
  });

  it('that the store withholds is unreadable, which is no damage', async () => {
    server.denied.add('GetObject');
    const found = await verify([fileOf('one', dump)]);
    expect(found.result).toBe('unreadable');
    expect(isDamage(found.result)).toBe(false);
  });

  it('is called by its worst file: damage before what could not be read', async () => {
    server.fail({ on: 'GetObject', effect: 'answer', status: 403, code: 'AccessDenied', key: 'one' });
    const found = await verify([fileOf('one', dump), fileOf('two', dump), fileOf('gone', dump)]);
    expect(found).toMatchObject({ result: 'missing', bytesRead: dump.length });
    server.fail({ on: 'GetObject', effect: 'answer', status: 403, code: 'AccessDenied', key: 'one' });
    expect(await verify([fileOf('one', dump), fileOf('two', dump)])).toMatchObject({ result: 'unreadable' });
  });

  it.each(['GLACIER', 'DEEP_ARCHIVE', 'ARCHIVE', 'COLD_ARCHIVE', 'deep_cold_archive'])(
    'in the storage class %s is ok for a quick look, which says that reading it takes a restore',
    async (storageClass) => {
      const object = server.objects.get('one');
      if (!object) expect.unreachable();
      server.objects.set('one', { ...object, storage: { storageClass } });
      expect(await verify([fileOf('one', dump)], true)).toMatchObject({
        result: 'ok',
        detail: expect.stringContaining(storageClass),
      });
    },
  );

  it('in a warm storage class is ok, and nothing is said', async () => {
    const object = server.objects.get('one');
    if (!object) expect.unreachable();
    server.objects.set('one', { ...object, storage: { storageClass: 'STANDARD_IA' } });
    expect(await verify([fileOf('one', dump)], true)).toMatchObject({ result: 'ok', detail: '', hint: '' });
  });

  describe('in another form than the cloud gave it', () => {
    const sealed = Buffer.from('sealed bytes of some form');
    const stored = { encoding: 'age', size: sealed.length, sha256: fileOf('x', sealed).sha256 };
    const file = fileOf('one', dump, { stored });
    const opens: Decoder = { obstacle: () => undefined, decode: (_encoding, body) => opened(body, dump) };
    const noKey: Decoder = {
      ...opens,
      obstacle: (encoding, what) => new ArchiverError('config', `no identity for ${what} (${encoding})`),
    };
    const look = (with_: Decoder, quick = false) =>
      verifyArchive(
        aManifest({ files: [file] }),
        { store, decoder: with_, access: plainAccess },
        { quick, signal },
      );

    beforeEach(() => put('one', sealed));

    it('is ok when its content is the cloud’s; what was read is what lay in the bucket', async () => {
      expect(await look(opens)).toMatchObject({ result: 'ok', detail: '', bytesRead: sealed.length });
      expect(await look(opens, true)).toMatchObject({ result: 'ok', bytesRead: 0 });
    });

    it('is damaged when its content is not', async () => {
      const other: Decoder = { ...opens, decode: (_encoding, body) => opened(body, dump.subarray(1)) };
      expect(await look(other)).toMatchObject({ result: 'size-differs' });
      const broken: Decoder = {
        ...opens,
        decode() {
          throw new ArchiverError('archive-damaged', 'one ends early');
        },
      };
      expect(await look(broken)).toMatchObject({
        result: 'digest-differs',
        detail: 'one ends early',
        hint: '',
      });
    });

    it('is damaged when more or fewer bytes lie there than were put, though its content opens', async () => {
      await put('one', Buffer.concat([sealed, Buffer.from('!')]));
      for (const quick of [true, false])
        expect(await look(opens, quick)).toMatchObject({ result: 'size-differs' });
    });

    it('is held against what was put there where nobody here can open it', async () => {
      expect(await look(noKey)).toMatchObject({
        result: 'ok',
        detail: expect.stringContaining('no key'),
        bytesRead: sealed.length,
      });
      await put('one', Buffer.from(sealed).fill(0x21, 3, 4));
      expect(await look(noKey)).toMatchObject({ result: 'digest-differs', bytesRead: sealed.length });
      await put('one', sealed.subarray(1));
      expect(await look(noKey)).toMatchObject({ result: 'size-differs', bytesRead: sealed.length - 1 });
      await store.delete('one', { signal });
      expect(await look(noKey)).toMatchObject({ result: 'missing' });
    });
  });

  it('that a bug keeps from being judged is no result', async () => {
    const bug: Decoder = {
      obstacle: () => undefined,
      decode() {
        throw new TypeError('x is not a function');
      },
    };
    const stored = { encoding: 'zstd', size: dump.length, sha256: 'ab'.repeat(32) };
    const files = [fileOf('one', dump, { stored })];
    await expect(
      verifyArchive(
        aManifest({ files }),
        { store, decoder: bug, access: plainAccess },
        { quick: false, signal },
      ),
    ).rejects.toMatchObject({ message: expect.stringContaining('x is not a function') });
  });

  it('is not judged any further when somebody says stop', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stop'));
    const options = { quick: false, signal: stop.signal };
    await expect(
      verifyArchive(
        aManifest({ files: [fileOf('one', dump)] }),
        { store, decoder, access: plainAccess },
        options,
      ),
    ).rejects.toThrow('stop');
  });
});

test.each([
  ['ok', false],
  ['unreadable', false],
  ['missing', true],
  ['size-differs', true],
  ['digest-differs', true],
  ['rdb-damaged', true],
  ['bad-manifest', true],
])('%s is damage: %s', (result, damage) => {
  expect(isDamage(result)).toBe(damage);
});
