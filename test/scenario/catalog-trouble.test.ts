/** Manifests that are garbage, in the wrong place or withheld; and commits whose answer is lost. */
import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../support/builders.ts';
import { addBackup, createScenario, INSTANCE, only, type Scenario } from '../support/scenario.ts';

const { signal } = new AbortController();

async function twoArchives(): Promise<Scenario> {
  const scenario = await createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'older', hoursAgo: 30 });
      addBackup(world, clock, { id: 'newer' });
    },
  });
  await scenario.run();
  return scenario;
}

const manifestOf = (scenario: Scenario, id: string) =>
  scenario.keys('catalog').find((key) => key.endsWith(`_${id}.json`)) ?? '';

function replaceObject(scenario: Scenario, key: string, text: string): void {
  const object = scenario.s3.objects.get(key);
  if (!object) expect.unreachable(`there is ${key}`);
  const bytes = Buffer.from(text);
  scenario.s3.objects.set(key, { ...object, size: bytes.length, chunks: [bytes] });
}

describe('a manifest', () => {
  it.each([
    ['garbage', () => '<html>'],
    ['an empty object', () => '{}'],
    [
      'of another archive',
      (scenario: Scenario) => String(scenario.s3.bytesOf(manifestOf(scenario, 'newer'))),
    ],
  ])(
    'that is %s is found out by list and verify, hides no other, and is overwritten by no run',
    async (_, text) => {
      const scenario = await twoArchives();
      const key = manifestOf(scenario, 'older');
      replaceObject(scenario, key, text(scenario));
      const before = scenario.s3.bytesOf(key);

      expect((await scenario.run()).summary).toMatchObject({ archived: 0, skipped: 2, exitCode: 0 });
      expect(scenario.s3.bytesOf(key)).toEqual(before);
      expect(await scenario.app.listArchives({ signal })).toMatchObject({
        exitCode: 4,
        items: [{ backupId: 'newer' }],
        problems: [{ message: expect.stringContaining(key) }],
      });
      for (const quick of [true, false]) {
        expect(await scenario.app.verify({ quick, signal })).toMatchObject({
          exitCode: 4,
          items: [
            { backupId: 'older', result: 'bad-manifest' },
            { backupId: 'newer', result: 'ok' },
          ],
        });
      }
    },
  );

  it('that the store withholds hides no other', async () => {
    const scenario = await twoArchives();
    const withhold = () =>
      scenario.s3.fail({ on: 'GetObject', effect: 'answer', status: 403, code: 'InvalidObjectState' });
    withhold();
    const listed = await scenario.app.listArchives({ signal });
    expect(listed.items).toHaveLength(1);
    expect(listed.problems).toHaveLength(1);
    expect(listed.exitCode).not.toBe(0);
    withhold();
    const verified = await scenario.app.verify({ quick: false, signal });
    expect(verified.items.map(({ result }) => result).toSorted()).toEqual(['ok', 'unreadable-cold']);
    expect(verified.exitCode).toBe(3);
  });
});

describe('a manifest of a newer version of this program', () => {
  const newer = async () => {
    const scenario = await twoArchives();
    const key = manifestOf(scenario, 'older');
    const text = String(scenario.s3.bytesOf(key)).replace('manifest@1', 'manifest@2');
    replaceObject(scenario, key, text);
    return { scenario, key };
  };

  it('is no damage: each command says what it is, exit 3, and no run archives it again', async () => {
    const { scenario, key } = await newer();
    const { app } = scenario;
    expect((await scenario.run()).summary).toMatchObject({ archived: 0, skipped: 2, exitCode: 0 });
    const message = `the manifest ${key} is rdb-archiver/manifest@2, which this version cannot read`;
    expect(await app.listArchives({ signal })).toMatchObject({
      exitCode: 3,
      items: [{ backupId: 'newer' }],
      problems: [{ message, hint: expect.stringContaining('newer version') }],
    });
    for (const quick of [true, false])
      expect(await app.verify({ quick, signal })).toMatchObject({
        exitCode: 3,
        items: [{ backupId: 'older', result: 'newer-version', detail: message }, { result: 'ok' }],
      });
    const choice = { instanceId: INSTANCE, backupId: 'older', signal };
    const refused = { code: 'newer-version', exit: 3, message };
    const to = { kind: 'stream', write: async () => undefined } as const;
    await expect(app.restore({ ...choice, to })).rejects.toMatchObject(refused);
    await expect(app.inspect({ ...choice, top: 1 })).rejects.toMatchObject(refused);
    const status = { maxAgeMs: 26 * HOUR_MS, daysBack: 35, includeVanished: true, signal };
    for (const manifestReads of [0, Number.POSITIVE_INFINITY])
      expect(await app.status({ ...status, manifestReads })).toMatchObject({
        exitCode: manifestReads === 0 ? 0 : 3,
        instances: [{ archives: 2, stale: false }],
      });
  });
});

describe('a web page in place of a manifest', () => {
  const interfere = ({ s3 }: Scenario, times: number) =>
    s3.fail({ on: 'GetObject', key: '/catalog/', effect: 'web-page', times });

  it('that some proxy gave once is not called damage', async () => {
    const scenario = await twoArchives();
    interfere(scenario, 1);
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({
      exitCode: 0,
      items: [{ result: 'ok' }, { result: 'ok' }],
    });
    interfere(scenario, 1);
    expect(await scenario.app.listArchives({ signal })).toMatchObject({ exitCode: 0, problems: [] });
  });

  it('that comes each time is told, and never taken for an archive', async () => {
    const scenario = await twoArchives();
    interfere(scenario, 20);
    const verified = await scenario.app.verify({ quick: false, signal });
    expect(verified.exitCode).toBe(4);
    expect(verified.items.map(({ result }) => result)).toEqual(['bad-manifest', 'bad-manifest']);
  });
});

describe('an archive whose dump', () => {
  it.each<[string, (scenario: Scenario, key: string) => void, string]>([
    ['is gone', (scenario, key) => scenario.s3.objects.delete(key), 'missing'],
    ['was cut', (scenario, key) => replaceObject(scenario, key, 'REDIS0010'), 'size-differs'],
  ])('%s is found out by both ways of verify', async (_, damage, result) => {
    const scenario = await twoArchives();
    damage(scenario, scenario.manifests().get('older')?.files[0]?.key ?? '');
    for (const quick of [true, false]) {
      const verified = await scenario.app.verify({ quick, signal });
      expect(verified.exitCode).toBe(4);
      expect(verified.items.map((item) => item.result)).toEqual([result, 'ok']);
    }
  });
});

describe('a commit', () => {
  it('that was carried out although no answer came is our own archive, and not another run’s', async () => {
    const scenario = await createScenario();
    const { s3 } = scenario;
    // The dump is put first, the manifest second; then it cannot be read back either, until the backup's second try.
    s3.fail({ on: 'PutObject', effect: 'lose-reply', nth: 2, times: 4 });
    s3.fail({ on: 'GetObject', effect: 'answer', status: 500, code: 'InternalError', nth: 3, times: 4 });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived', reason: null, attempts: 2, bytes: 4000 });
    expect(only(run).files).toHaveLength(1);
    expect(scenario.manifests().get('backup-1')?.archiver.runId).toBe(run.summary.runId);
  });

  it('that the store refuses leaves no archive, and the next run makes one', async () => {
    const scenario = await createScenario();
    scenario.s3.fail({ on: 'PutObject', effect: 'answer', status: 403, code: 'AccessDenied', nth: 2 });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'store-failed' });
    expect(run.summary.exitCode).toBe(3);
    expect(scenario.keys('catalog')).toEqual([]);
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
  });
});

describe('an observer that throws', () => {
  it('fails no backup', async () => {
    const scenario = await createScenario({
      observer() {
        throw new Error('the observer is broken');
      },
    });
    expect((await scenario.run()).summary).toMatchObject({ archived: 1, failed: 0, exitCode: 0 });
  });
});
