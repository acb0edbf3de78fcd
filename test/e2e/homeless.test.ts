/** A user of no name and without a home, as OpenShift gives each pod one: whatever looks for files of a home finds none, and that is no failure. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeWith } from '../support/needs.ts';
import { startS3 } from '../support/s3.ts';
import { INSTANCE } from '../support/scenario.ts';
import { filesBelow, openWorkplace, outcomesOf } from '../support/workplace.ts';

/** The rights to the test's own files are all that is kept of root's. */
const AS_NOBODY_KNOWN =
  'setpriv --reuid=54321 --regid=54321 --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override env -u HOME';

describeWith(['root', 'setpriv'], 'a user in no passwd file, without HOME', () => {
  test('archives into a bucket with the keys that are given', async () => {
    const s3 = await startS3();
    onTestFinished(() => s3.close());
    const work = await openWorkplace({ bucket: s3 });
    onTestFinished(work.close);
    const result = await work.shell(`${AS_NOBODY_KNOWN} $PROGRAM run`);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(outcomesOf(result)).toMatchObject([{ outcome: 'archived' }]);
    for (const command of ['check', 'config show', 'verify', 'status'])
      expect(await work.shell(`${AS_NOBODY_KNOWN} $PROGRAM ${command}`)).toMatchObject({ code: 0 });
  });

  test('archives into a folder, verifies and restores', async () => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    const line = ['run', `restore ${INSTANCE} --to out`, 'verify']
      .map((command) => `${AS_NOBODY_KNOWN} $PROGRAM ${command}`)
      .join(' && ');
    expect(await work.shell(line)).toMatchObject({ code: 0 });
    expect(filesBelow(join(work.cwd, 'out'))).toHaveLength(1);
  });

  test('is told that there are no keys, where none are given, and not of a network', async () => {
    const s3 = await startS3();
    onTestFinished(() => s3.close());
    const work = await openWorkplace({ bucket: s3 });
    onTestFinished(work.close);
    const result = await work.shell(`${AS_NOBODY_KNOWN} $PROGRAM run`, {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    expect(result.code).toBe(11);
    expect(result.stdout).not.toContain('uv_os_homedir');
    expect(result.stdout).toMatch(/"code":"store-refused"/);
  });
});
