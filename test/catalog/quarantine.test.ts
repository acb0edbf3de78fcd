/** The records of damaged dumps: kept once, renewed, and no obstacle when they cannot be read. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createQuarantine, type Quarantine, type QuarantinedFile } from '../../src/catalog/quarantine.ts';
import { archiveLayout } from '../../src/domain/archive-key.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { storeOn } from '../support/s3-stores.ts';

const { signal } = new AbortController();
const layout = archiveLayout('redis');
const REF = {
  source: 'prod',
  instanceId: 'crs-orders01',
  backupId: 'backup-1',
  startedAt: '2026-11-24T02:15:00Z',
};
const KEY = layout.quarantineRecordKey(REF);
const FILES: readonly QuarantinedFile[] = [
  {
    name: 'redis-1.rdb',
    key: layout.quarantineKey(REF, 1, 2),
    size: 4000,
    sha256: 'ab'.repeat(32),
    damage: 'its CRC-64 does not match its content',
  },
  {
    name: 'redis-2.rdb',
    key: layout.dumpKey(REF, 2, 2),
    size: 5000,
    sha256: 'cd'.repeat(32),
    stored: { encoding: 'zstd', size: 700, sha256: 'ef'.repeat(32) },
  },
];

describe('a record of a damaged dump', () => {
  let server: S3Server;
  let store: ReturnType<typeof storeOn>;
  let quarantine: Quarantine;

  beforeEach(async () => {
    server = await startS3();
    store = storeOn(server, 'aws');
    quarantine = createQuarantine(store, layout);
  });
  afterEach(async () => {
    store.close();
    await server.close();
  });

  const keep = (now: string, runId: string) => quarantine.keep(REF, FILES, { runId, now }, { signal });
  const put = (key: string, text: string) =>
    store.put(key, Buffer.from(text), { signal, contentType: 'text/plain', ifAbsent: false });

  it('says what is wrong with which file, since when, and which run saw it last', async () => {
    await keep('2026-11-24T03:00:00Z', 'run-1');
    const record = {
      schema: 'rdb-archiver/quarantine@1',
      instanceId: 'crs-orders01',
      backupId: 'backup-1',
      startedAt: '2026-11-24T02:15:00Z',
      firstTriedAt: '2026-11-24T03:00:00Z',
      lastTriedAt: '2026-11-24T03:00:00Z',
      runId: 'run-1',
      files: FILES,
    };
    expect(await quarantine.find(REF, { signal })).toEqual(record);
    await keep('2026-11-25T03:00:00Z', 'run-2');
    expect(await quarantine.find(REF, { signal })).toEqual({
      ...record,
      lastTriedAt: '2026-11-25T03:00:00Z',
      runId: 'run-2',
    });
  });

  it('is written for people too', async () => {
    await keep('2026-11-24T03:00:00Z', 'run-1');
    expect(String(server.bytesOf(KEY))).toMatch(/^\{\n {2}"schema".*\}\n$/s);
    expect(server.requests.find(({ operation }) => operation === 'PutObject')?.headers['content-type']).toBe(
      'application/json',
    );
  });

  it('is not there for a backup that was never damaged', async () => {
    expect(await quarantine.find(REF, { signal })).toBeUndefined();
  });

  it.each([
    ['garbage', '<html>'],
    ['nothing', ''],
    ['another schema', { schema: 'rdb-archiver/quarantine' }],
    ['no instance', { instanceId: undefined }],
    ['no backup', { backupId: undefined }],
    ['no beginning', { startedAt: undefined }],
    ['no first try', { firstTriedAt: undefined }],
    ['no last try', { lastTriedAt: undefined }],
    ['a last try at no time', { lastTriedAt: 'lately' }],
    ['no run', { runId: undefined }],
    ['no files', { files: undefined }],
    ['a file without a name', { files: [{ ...FILES[0], name: undefined }] }],
    ['a file without a key', { files: [{ ...FILES[0], key: undefined }] }],
    ['a file without a size', { files: [{ ...FILES[0], size: undefined }] }],
    ['a file without a digest', { files: [{ ...FILES[0], sha256: undefined }] }],
    ['a stored form without a size', { files: [{ ...FILES[0], stored: { encoding: 'zstd' } }] }],
    ['damage that is no text', { files: [{ ...FILES[0], damage: 7 }] }],
  ])(
    'that holds %s is as good as none: the dump is tried again, and the record written anew',
    async (_, text) => {
      await keep('2026-11-24T03:00:00Z', 'run-1');
      const changed =
        typeof text === 'string'
          ? text
          : JSON.stringify({ ...(JSON.parse(String(server.bytesOf(KEY))) as object), ...text });
      await put(KEY, changed);
      expect(await quarantine.find(REF, { signal })).toBeUndefined();
      await keep('2026-11-25T03:00:00Z', 'run-2');
      expect(await quarantine.find(REF, { signal })).toMatchObject({ firstTriedAt: '2026-11-25T03:00:00Z' });
    },
  );

  it('that is much too large to be one is as good as none', async () => {
    await put(KEY, ' '.repeat(5 * 1024 * 1024));
    expect(await quarantine.find(REF, { signal })).toBeUndefined();
  });

  it('that the store refuses to give is no reason to believe that there is none', async () => {
    server.denied.add('GetObject');
    await expect(quarantine.find(REF, { signal })).rejects.toMatchObject({ code: 'store-refused' });
    await expect(keep('2026-11-24T03:00:00Z', 'run-1')).rejects.toMatchObject({ code: 'store-refused' });
    expect(server.counts.get('PutObject')).toBeUndefined();
  });

  it('is found in the list of its source, and the dumps beside it are not', async () => {
    await keep('2026-11-24T03:00:00Z', 'run-1');
    await put(FILES[0]?.key ?? '', 'REDIS…');
    await put(layout.quarantineRecordKey({ ...REF, source: 'test' }), '{}');
    const refs: object[] = [];
    for await (const ref of quarantine.refs('prod', { signal })) refs.push(ref);
    expect(refs).toEqual([REF]);
  });
});
