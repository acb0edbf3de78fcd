/** Keys of the SDK's chain, whose shared files are exchanged while it cannot be asked: what was wrong for a moment is not wrong for ever. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { chainKeys } from '../../../src/store/s3/keys.ts';
import { createTestClock } from '../../support/clock.ts';

const HOUR_MS = 3_600_000;

/** A profile with a role: its keys come of STS, which may be out of reach just when the file is exchanged. */
function profileWithRole() {
  const folder = mkdtempSync(join(tmpdir(), 'archiver-keys-'));
  const path = join(folder, 'credentials');
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', path);
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  const clock = createTestClock();
  const warnings: string[] = [];
  const sts = { isDown: false, session: 1, asked: 0 };
  const keys = chainKeys(
    async () => {
      sts.asked += 1;
      if (sts.isDown) throw new Error('getaddrinfo EAI_AGAIN sts.amazonaws.com');
      return {
        accessKeyId: `session-${sts.session}`,
        secretAccessKey: 'secret',
        expiration: new Date(clock.now() + HOUR_MS),
        $source: { CREDENTIALS_PROFILE: 'n', CREDENTIALS_STS_ASSUME_ROLE: 'i' },
      };
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
