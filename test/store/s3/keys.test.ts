/** Keys of the SDK's chain, whose shared files are exchanged while it cannot be asked: what was wrong for a moment is not wrong for ever. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { chainKeys } from '../../../src/store/s3/keys.ts';
import { createTestClock } from '../../support/clock.ts';

const HOUR_MS = 3_600_000;

type Session = Awaited<ReturnType<Parameters<typeof chainKeys>[0]>>;

/** A profile with a role: its keys come of STS, which may be out of reach just when the file is exchanged. */
function profileWithRole(named: 'whole' | 'below the home' = 'whole') {
  const folder = mkdtempSync(join(tmpdir(), 'archiver-keys-'));
  const path = join(folder, 'credentials');
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  vi.stubEnv('HOME', folder);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', named === 'below the home' ? '~/credentials' : path);
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  const clock = createTestClock();
  const warnings: string[] = [];
  const sts = { isDown: false, session: 1, asked: 0 };
  let session: Session | undefined;
  const keys = chainKeys(
    // As the SDK's, which asks for another one only where it is told to, or the old one lapses.
    async ({ forceRefresh } = { forceRefresh: false }) => {
      if (session && !forceRefresh) return session;
      sts.asked += 1;
      if (sts.isDown) throw new Error('getaddrinfo EAI_AGAIN sts.amazonaws.com');
      session = {
        accessKeyId: `session-${sts.session}`,
        secretAccessKey: 'secret',
        expiration: new Date(clock.now() + HOUR_MS),
        $source: { CREDENTIALS_PROFILE: 'n', CREDENTIALS_STS_ASSUME_ROLE: 'i' },
      };
      return session;
    },
    { clock, warn: (message) => warnings.push(message) },
  );
  return { keys, sts, clock, warnings, write: (text: string) => writeFileSync(path, text) };
}

test('a role that could not be had when its file was exchanged is asked for again, and until then not with each request', async () => {
  const { keys, sts, clock, warnings, write } = profileWithRole();
  write('one');
  expect((await keys()).accessKeyId).toBe('session-1');
  write('another');
  Object.assign(sts, { isDown: true, session: 2, asked: 0 });
  for (let use = 0; use < 5; use += 1) expect((await keys()).accessKeyId).toBe('session-1');
  expect(sts.asked).toBe(1);
  expect(warnings).toEqual([expect.stringContaining('stays in use')]);

  sts.isDown = false;
  clock.advance(60_000);
  expect((await keys()).accessKeyId).toBe('session-2');
});

test('a file that is named by `~/`, as the SDK takes it where no shell has put the home in its place, is followed too', async () => {
  const { keys, sts, write } = profileWithRole('below the home');
  write('one');
  expect((await keys()).accessKeyId).toBe('session-1');
  sts.session = 2;
  expect((await keys()).accessKeyId).toBe('session-1');
  write('another');
  expect((await keys()).accessKeyId).toBe('session-2');
});
