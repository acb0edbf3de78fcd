/** A share without hard links, and a process that is killed there at any of its steps: the next one goes on, and nothing is lost or overwritten. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFileStore } from '../../../src/store/file/file-store.ts';
import { pretendShare } from '../../support/share.ts';

const options = { signal: new AbortController().signal, contentType: 'application/json', ifAbsent: true };
const KEY = 'catalog/prod/manifest.json';
const STEPS = ['link', 'lstat', 'mkdir', 'open', 'readdir', 'rename', 'rmdir', 'stat', 'unlink'] as const;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'archiver-killed-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** From its step `count` on nothing that the process does reaches the disk any more. Tells whether it came so far. */
async function killedAt(count: number, work: () => Promise<unknown>): Promise<boolean> {
  const real = Object.fromEntries(STEPS.map((name) => [name, fs[name]]));
  let steps = 0;
  const dying = STEPS.map((name) => [
    name,
    (...args: unknown[]) => {
      steps += 1;
      if (steps >= count) return Promise.reject(new Error('killed'));
      return (real[name] as (...args: unknown[]) => Promise<unknown>)(...args);
    },
  ]);
  Object.assign(fs, Object.fromEntries(dying));
  syncBuiltinESMExports();
  try {
    await work().catch(() => undefined);
    return steps >= count;
  } finally {
    Object.assign(fs, real);
    syncBuiltinESMExports();
  }
}

test.each([undefined, 'EPERM'])(
  'killed anywhere in a put-if-absent, the next one stores or finds one of the two whole, and no third (link: %s)',
  async (link) => {
    if (link) pretendShare({ link });
    const [first, second, third] = ['first', 'second', 'third'].map((text) => Buffer.from(text.repeat(50)));
    if (!first || !second || !third) throw new Error('there are three');
    for (let count = 1; ; count += 1) {
      const directory = folder();
      const store = createFileStore({ directory });
      const wasKilled = await killedAt(count, () => store.put(KEY, first, options));
      const result = await store.put(KEY, second, options);
      const lies = readFileSync(join(directory, KEY));
      expect(lies.equals(result === 'stored' ? second : first), `killed at step ${count}`).toBe(true);
      expect(await store.put(KEY, third, options)).toBe('exists');
      expect(readFileSync(join(directory, KEY)).equals(lies)).toBe(true);

      await store.sweep('', { ...options, begunBefore: Date.now() + 60_000, isOurs: () => true });
      const left: string[] = [];
      for await (const { key } of store.list('', options)) left.push(key);
      expect(left).toEqual([KEY]);
      if (!wasKilled) break;
    }
  },
);

test('of many that put at once exactly one has stored, and it is what lies there', async () => {
  pretendShare({ link: 'EPERM' });
  for (let round = 0; round < 20; round += 1) {
    const directory = folder();
    const texts = Array.from({ length: 8 }, (_, index) => Buffer.from(`${index}`.repeat(100)));
    const results = await Promise.all(
      texts.map((text) => createFileStore({ directory }).put(KEY, text, options)),
    );
    const stored = results.flatMap((result, index) => (result === 'stored' ? [index] : []));
    expect(stored).toHaveLength(1);
    expect(readFileSync(join(directory, KEY)).equals(texts[stored[0] ?? 0] ?? Buffer.alloc(0))).toBe(true);
  }
});
