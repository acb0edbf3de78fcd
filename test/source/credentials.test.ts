/** Keys are found in order, kept while they are good, and replaced before they lapse. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ArchiverError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import {
  type CredentialProvider,
  type Credentials,
  createCredentials,
} from '../../src/source/credentials.ts';

const never = new AbortController().signal;
const MINUTE = 60_000;

function clockAt(start: number) {
  return {
    time: start,
    now(): number {
      return this.time;
    },
  };
}

function keys(secretId: string, expiresAt?: number): Credentials {
  return { secretId, secretKey: new Secret('key'), ...(expiresAt === undefined ? {} : { expiresAt }) };
}

/** Answers one call after the other with what the test has put in `answers`; the last one stays. */
function scripted(...answers: (Credentials | Error)[]): CredentialProvider & { calls: number } {
  return {
    name: 'script',
    calls: 0,
    async find() {
      const answer = answers[Math.min(this.calls, answers.length - 1)];
      this.calls += 1;
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    },
  };
}

function empty(name: string, absent: string): CredentialProvider {
  return { name, find: async () => ({ absent }) };
}

describe('the search for credentials', () => {
  test('takes the first source that has some', async () => {
    const last = scripted(keys('last'));
    const source = createCredentials({
      providers: [empty('first', 'nothing here'), scripted(keys('second')), last],
      clock: clockAt(0),
    });
    expect(await source.current(never)).toMatchObject({ secretId: 'second' });
    expect(last.calls).toBe(0);
  });

  test('that finds nothing tells each source and why it was not used', async () => {
    const source = createCredentials({
      providers: [empty('file', 'is not there'), empty('role', 'none bound')],
      clock: clockAt(0),
    });
    await expect(source.current(never)).rejects.toMatchObject({
      code: 'credentials',
      message: 'no credentials for the cloud were found (file: is not there; role: none bound)',
    });
  });

  test('stops at a source that is meant but broken, instead of ending in another account', async () => {
    const broken = new ArchiverError('credentials', 'the file has no secret_key');
    const source = createCredentials({
      providers: [scripted(broken), scripted(keys('other account'))],
      clock: clockAt(0),
    });
    await expect(source.current(never)).rejects.toBe(broken);
  });
});

describe('credentials in hand', () => {
  test('that never lapse are looked at for each use, and stay the same object until there are others', async () => {
    const provider = scripted(keys('first'), keys('first'), keys('second'));
    const source = createCredentials({ providers: [provider], clock: clockAt(0) });
    const first = await source.current(never);
    expect(await source.current(never)).toBe(first);
    expect(await source.current(never)).toMatchObject({ secretId: 'second' });
  });

  test('that lay in a file which cannot be read stay in use, are looked for nowhere else, and this is told once', async () => {
    const down = new ArchiverError('credentials', 'the file has no secret_key');
    const file = scripted(keys('first'), down, down, keys('second'), down);
    const warnings: string[] = [];
    const source = createCredentials({
      providers: [file, scripted(keys('another account'))],
      clock: clockAt(0),
      warn: (message) => warnings.push(message),
    });
    const used: string[] = [];
    for (let use = 1; use <= 6; use += 1) used.push((await source.current(never)).secretId);
    expect(used).toEqual(['first', 'first', 'first', 'second', 'second', 'second']);
    const said = 'the file has no secret_key; the keys that stood there before stay in use';
    expect(warnings).toEqual([said, said]);
  });

  test('that never lapse and are refused are exchanged for what lies there, and for nothing of another source', async () => {
    const file = scripted(keys('first'), keys('first'), keys('second'));
    const source = createCredentials({
      providers: [file, scripted(keys('another account'))],
      clock: clockAt(0),
    });
    const first = await source.current(never);
    expect(await source.refresh(never)).toBe(first);
    expect(await source.refresh(never)).toMatchObject({ secretId: 'second' });
  });

  test('are replaced five minutes before they lapse, not earlier', async () => {
    const provider = scripted(keys('old', 120 * MINUTE), keys('new', 240 * MINUTE));
    const clock = clockAt(0);
    const source = createCredentials({ providers: [provider], clock });
    await source.current(never);
    clock.time = 115 * MINUTE - 1;
    expect(await source.current(never)).toMatchObject({ secretId: 'old' });
    clock.time = 115 * MINUTE;
    expect(await source.current(never)).toMatchObject({ secretId: 'new' });
  });

  test('are never handed out after they lapsed, and never asked for again at once, whatever their life', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 1e8 }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        async (life, part) => {
          const provider = scripted(keys('old', life), keys('new', 1e12));
          const clock = clockAt(0);
          const source = createCredentials({ providers: [provider], clock });
          await source.current(never);
          await source.current(never);
          expect(provider.calls).toBe(1);
          clock.time = Math.floor(life * part);
          const { expiresAt = 0 } = await source.current(never);
          expect(expiresAt).toBeGreaterThan(clock.time);
        },
      ),
    );
  });

  test('that are still good outlive a failing refresh, and the source is not asked at every call', async () => {
    const provider = scripted(keys('old', 60 * MINUTE), new Error('down'));
    const clock = clockAt(0);
    const source = createCredentials({ providers: [provider], clock });
    await source.current(never);
    clock.time = 56 * MINUTE;
    expect(await source.current(never)).toMatchObject({ secretId: 'old' });
    expect(await source.current(never)).toMatchObject({ secretId: 'old' });
    expect(provider.calls).toBe(2);
  });

  test('that lapsed are not handed out when the refresh fails, and the next call tries again', async () => {
    const provider = scripted(keys('old', 60 * MINUTE), new Error('down'), keys('new', 600 * MINUTE));
    const clock = clockAt(0);
    const source = createCredentials({ providers: [provider], clock });
    await source.current(never);
    clock.time = 60 * MINUTE;
    await expect(source.current(never)).rejects.toThrow('down');
    expect(await source.current(never)).toMatchObject({ secretId: 'new' });
  });

  test('are fetched anew on demand, once for all who ask at that time', async () => {
    const provider = scripted(keys('refused', 1e9), keys('accepted', 1e9));
    const source = createCredentials({ providers: [provider], clock: clockAt(0) });
    await source.current(never);
    const fresh = await Promise.all([source.refresh(never), source.refresh(never), source.refresh(never)]);
    expect(fresh.map(({ secretId }) => secretId)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(await source.current(never)).toMatchObject({ secretId: 'accepted' });
    expect(provider.calls).toBe(2);
  });

  test('reach the others when one caller gives up while they are fetched', async () => {
    const found = Promise.withResolvers<Credentials>();
    const source = createCredentials({
      providers: [{ name: 'slow', find: () => found.promise }],
      clock: clockAt(0),
    });
    const impatient = new AbortController();
    const leaving = source.current(impatient.signal);
    const staying = source.current(never);
    impatient.abort(new Error('interrupted'));
    await expect(leaving).rejects.toThrow('interrupted');
    found.resolve(keys('slow'));
    expect(await staying).toMatchObject({ secretId: 'slow' });
  });
});
