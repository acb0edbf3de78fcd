/** The judge in the stream: what must not become an object throws behind its last byte, and nothing else does. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DamagedDump, type InspectionOptions, inspect } from '../../src/transfer/inspection.ts';
import { collect, streamOf } from '../support/bodies.ts';
import { rdbFile } from '../support/rdb.ts';

const dump = await rdbFile();
const damaged = Buffer.from(dump);
damaged.writeUInt8(damaged.readUInt8(12) ^ 1, 12);

const options = (changes: Partial<InspectionOptions> = {}): InspectionOptions => ({
  subject: 'dump.rdb of backup-1',
  contentLength: undefined,
  announcedSize: undefined,
  checkRdb: true,
  countKeys: false,
  seekEnd: false,
  keepDamaged: false,
  beforeVisible: async () => {},
  ...changes,
});
const stream = (bytes: Buffer) => streamOf(bytes, { chunkSize: 7 });

/** All bytes that came before an error, and the error. */
async function read(body: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; error?: unknown }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of body) chunks.push(Buffer.from(chunk));
    return { bytes: Buffer.concat(chunks) };
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error };
  }
}

describe('a dump under inspection', () => {
  it('comes out as it went in, and its size and digest are those of its bytes', async () => {
    const inspected = inspect(stream(dump), options({ contentLength: dump.length }));
    expect(await collect(inspected.body)).toEqual(dump);
    expect(inspected.result()).toEqual({
      size: dump.length,
      sha256: createHash('sha256').update(dump).digest('hex'),
      judgement: { kind: 'good', rdb: { family: 'redis', version: 11, checksum: 'verified' } },
    });
  });

  it('is asked about before it becomes visible: after the last byte, and once', async () => {
    let came = 0;
    const asked: number[] = [];
    const beforeVisible = async () => void asked.push(came);
    const inspected = inspect(stream(dump), options({ beforeVisible }));
    for await (const chunk of inspected.body) came += chunk.length;
    expect(asked).toEqual([dump.length]);
  });

  it('that somebody else archived meanwhile does not become visible', async () => {
    const won = new Error('another run won');
    const inspected = inspect(stream(dump), options({ beforeVisible: () => Promise.reject(won) }));
    expect(await read(inspected.body)).toEqual({ bytes: dump, error: won });
  });

  it('that is damaged throws after its last byte, and nobody is asked', async () => {
    const beforeVisible = () => Promise.reject(new Error('asked'));
    const { bytes, error } = await read(inspect(stream(damaged), options({ beforeVisible })).body);
    expect(bytes).toEqual(damaged);
    expect(error).toBeInstanceOf(DamagedDump);
    expect(error).toMatchObject({ message: 'its CRC-64 does not match its content' });
  });

  it('that is damaged is kept where it goes to quarantine, and called damaged', async () => {
    const inspected = inspect(stream(damaged), options({ keepDamaged: true }));
    expect(await collect(inspected.body)).toEqual(damaged);
    expect(inspected.result().judgement).toMatchObject({ kind: 'damaged' });
  });

  it('that is whole at last does not go to quarantine', async () => {
    const { error } = await read(inspect(stream(dump), options({ keepDamaged: true })).body);
    expect(error).toMatchObject({ code: 'download-failed' });
  });

  it.each([
    ['is shorter than its download said', { contentLength: dump.length + 1 }],
    ['is longer than its download said', { contentLength: dump.length - 1 }],
  ])('that %s is damaged, whatever its checksum says', async (_, changes) => {
    const { error } = await read(inspect(stream(dump), options(changes)).body);
    expect(error).toBeInstanceOf(DamagedDump);
  });

  it('of another size than the API announced is good where its checksum proves it, and that is told', async () => {
    const inspected = inspect(stream(dump), options({ announcedSize: 7 }));
    await collect(inspected.body);
    expect(inspected.result().judgement).toMatchObject({ kind: 'good', announcedSize: 7 });
  });

  it.each([true, false])(
    'in whose place a web page came is a failed download, kept or not (%s)',
    async (keepDamaged) => {
      const page = Buffer.from('<!doctype html><title>Sign in</title>\n');
      for (const checkRdb of [true, false]) {
        const { error } = await read(inspect(stream(page), options({ keepDamaged, checkRdb })).body);
        expect(error).toMatchObject({ code: 'download-failed', hint: expect.stringContaining('NO_PROXY') });
      }
    },
  );

  it('of a format that nobody can check is good as it is, where its length is known', async () => {
    const sealed = Buffer.from(`no dump of ours ${'x'.repeat(200)}`);
    const exempt = options({ checkRdb: false, contentLength: sealed.length });
    const inspected = inspect(stream(sealed), exempt);
    expect(await collect(inspected.body)).toEqual(sealed);
    expect(inspected.result().judgement).toEqual({ kind: 'good' });
    const { error } = await read(inspect(stream(sealed), options({ checkRdb: false })).body);
    expect(error).toBeInstanceOf(DamagedDump);
  });

  it('has no result before its end', () => {
    expect(() => inspect(stream(dump), options()).result()).toThrow('before its stream had ended');
  });
});
