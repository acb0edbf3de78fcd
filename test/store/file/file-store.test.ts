/** What only a folder can do wrong as an object store. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { explainFileError } from '../../../src/store/file/errors.ts';
import { createFileStore } from '../../../src/store/file/file-store.ts';
import { PARTIAL_PREFIX } from '../../../src/store/file/key.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { patterned, streamOf } from '../../support/bodies.ts';

const signal = new AbortController().signal;
const options = { signal, contentType: 'text/plain', ifAbsent: false };

describe('the store in a folder', () => {
  let directory: string;
  let store: ObjectStore;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rdb-archiver-file-'));
    store = createFileStore({ directory });
  });
  afterEach(() => rm(directory, { recursive: true }));

  const keys = async (prefix: string) => {
    const found: string[] = [];
    for await (const { key } of store.list(prefix, { signal })) found.push(key);
    return found;
  };

  test.each([
    '../outside',
    'a/../../outside',
    '/etc/passwd',
    'a//b',
    'a/./b',
    '',
    'a/',
    'nul\0',
    '..',
    `a/${PARTIAL_PREFIX}1`,
  ])('refuses the key %j, whatever is asked', async (key) => {
    const refused = { code: 'store-refused' };
    await expect(store.put(key, Buffer.from('x'), options)).rejects.toMatchObject(refused);
    await expect(store.upload(key, streamOf(patterned(1)), options)).rejects.toMatchObject(refused);
    await expect(store.read(key, { signal })).rejects.toMatchObject(refused);
    await expect(store.head(key, { signal })).rejects.toMatchObject(refused);
    await expect(store.delete(key, { signal })).rejects.toMatchObject(refused);
    expect(await readdir(directory)).toEqual([]);
  });

  test('lists nothing outside of its folder', async () => {
    await expect(keys('../')).rejects.toMatchObject({ code: 'store-refused' });
    await mkdir(join(directory, 'in'));
    await symlink('/', join(directory, 'in', 'root'));
    expect(await keys('')).toEqual([]);
  });

  test('never lists what a killed run has left, and is not disturbed by it', async () => {
    await mkdir(join(directory, 'data'));
    await writeFile(join(directory, 'data', `${PARTIAL_PREFIX}of-a-killed-run`), 'half a dump');
    await store.put('data/dump.rdb', Buffer.from('whole'), options);
    expect(await keys('')).toEqual(['data/dump.rdb']);
    expect(await keys('data/.')).toEqual([]);
  });

  test('shows a new object only under its whole name: a reader in between sees the old one', async () => {
    await store.put('dump.rdb', Buffer.from('old'), options);
    const body = streamOf(Buffer.from('new and longer'), {
      chunkSize: 3,
      before: async () => {
        expect(await readFile(join(directory, 'dump.rdb'), 'utf8')).toBe('old');
        expect(await keys('')).toEqual(['dump.rdb']);
      },
    });
    await store.upload('dump.rdb', body, options);
    expect(await readFile(join(directory, 'dump.rdb'), 'utf8')).toBe('new and longer');
  });

  test('reads a folder only when the listing comes to it, so that a huge tree is never in memory', async () => {
    for (const day of ['24', '25', '26'])
      await store.put(`catalog/2026-11-${day}/a.json`, Buffer.from('1'), options);
    const found: string[] = [];
    for await (const { key } of store.list('catalog/', { signal })) {
      found.push(key);
      await rm(join(directory, 'catalog/2026-11-25'), { recursive: true, force: true });
    }
    expect(found).toEqual(['catalog/2026-11-24/a.json', 'catalog/2026-11-26/a.json']);
  });

  test('a file where a folder is needed is refused with a hint, and a name too long as well', async () => {
    await store.put('a', Buffer.from('x'), options);
    await expect(store.put('a/b', Buffer.from('x'), options)).rejects.toMatchObject({
      code: 'store-refused',
      hint: expect.stringContaining('A file lies where a folder is needed'),
    });
    await expect(store.put('n'.repeat(300), Buffer.from('x'), options)).rejects.toMatchObject({
      code: 'store-refused',
    });
    expect(await store.head('a/b', { signal })).toBeUndefined();
  });

  test('locks nothing, and says so instead of pretending', async () => {
    const lock = { mode: 'governance', until: '2026-12-24T03:00:00Z' } as const;
    await expect(store.retain('a', { lock }, { signal })).rejects.toMatchObject({ code: 'store-refused' });
    await expect(store.retain('a', { legalHold: true }, { signal })).rejects.toThrow('no object lock');
  });

  test('passes on a broken download as what it is, not as a failure of the disk', async () => {
    const broken = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
    const body = streamOf(patterned(10), {
      before: () => {
        throw broken;
      },
    });
    await expect(store.upload('dump.rdb', body, options)).rejects.toBe(broken);
  });

  test('stops reading when asked to', async () => {
    await store.put('dump.rdb', patterned(3 * 1024 * 1024), options);
    const stop = new AbortController();
    const read = async () => {
      for await (const _chunk of (await store.read('dump.rdb', { signal: stop.signal })) ?? [])
        stop.abort(new Error('asked to stop'));
    };
    await expect(read()).rejects.toThrow('asked to stop');
  });

  test.each([
    ['ENOSPC', 'store-failed', 'disk is full'],
    ['EDQUOT', 'store-failed', 'quota'],
    ['EACCES', 'store-refused', 'permission'],
    ['EROFS', 'store-refused', 'read-only'],
    ['EPERM', 'store-refused', 'synced and renamed'],
    ['EINVAL', 'store-refused', 'synced and renamed'],
    ['EIO', 'store-failed', 'mount'],
  ])('explains %s', (code, errorCode, hint) => {
    const error = Object.assign(new Error(`${code}: …, open '/x'`), { code, syscall: 'open' });
    expect(explainFileError(error, 'put file:///x')).toMatchObject({
      code: errorCode,
      hint: expect.stringContaining(hint),
    });
  });
});
