/** What a socket brings comes out once and in order, however readings and pauses alternate. */
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSocketReader } from '../../src/transfer/socket-reader.ts';

const KiB = 1024;

/** A socket that brings what it is told to, whatever it was asked: more after a pause, too, as TLS does. */
function createStage(over: 'tcp' | 'tls') {
  const reader = createSocketReader(over);
  const socket = new PassThrough() as unknown as Socket;
  reader.attach(socket);
  const { buffer, callback } = reader.onread;
  let next = 0;
  let place = typeof buffer === 'function' ? buffer() : buffer;
  return {
    reader,
    end: () => socket.destroy(),
    /** Bytes that count on; gives whether more may come. */
    bring(size: number): boolean {
      for (let index = 0; index < size; index += 1) place[index] = next++ & 0xff;
      const goesOn = callback(size, place);
      if (typeof buffer === 'function') place = buffer();
      return goesOn;
    },
  };
}

function counted(from: number, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, index) => (from + index) & 0xff));
}

describe('a socket reader', () => {
  it('collects what comes over TLS, beyond a full window too, and gives it in order', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 16 * KiB }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(fc.array(sizes, { minLength: 1, maxLength: 4 }), async (bursts) => {
        const { reader, bring, end } = createStage('tls');
        const came: Buffer[] = [];
        let brought = 0;
        for (const burst of bursts) {
          for (const size of burst) bring(size);
          brought += burst.reduce((sum, size) => sum + size, 0);
          // One chunk only: the next burst comes while more is waiting.
          came.push(Buffer.from((await reader.read()) ?? []));
        }
        end();
        for (let chunk = await reader.read(); chunk; chunk = await reader.read())
          came.push(Buffer.from(chunk));
        expect(Buffer.concat(came).equals(counted(0, brought))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('asks TLS to pause before a window is full', () => {
    const { bring } = createStage('tls');
    const answers = Array.from({ length: 32 }, () => bring(16 * KiB));
    expect(answers.indexOf(false)).toBeGreaterThan(20);
    expect(answers.slice(answers.indexOf(false))).not.toContain(true);
  });

  it('leaves a chunk of TCP alone while the next one comes, and asks for one at a time', async () => {
    const { reader, bring } = createStage('tcp');
    expect(bring(512 * KiB)).toBe(false);
    const first = await reader.read();
    expect(bring(300 * KiB)).toBe(false);
    expect(first?.equals(counted(0, 512 * KiB))).toBe(true);
    expect((await reader.read())?.equals(counted(512 * KiB, 300 * KiB))).toBe(true);
    expect(reader.isSilent()).toBe(true);
  });

  it('gives what came before the connection ended', async () => {
    for (const over of ['tcp', 'tls'] as const) {
      const { reader, bring, end } = createStage(over);
      bring(100);
      end();
      expect((await reader.read())?.length).toBe(100);
      expect(await reader.read()).toBeUndefined();
      expect(reader.isSilent()).toBe(false);
    }
  });
});
