/** What the long-running mode asks of the application: a run over some of the sources, and whether everything answers. */
import { describe, expect, it, test } from 'vitest';
import { fixed } from '../../src/domain/current.ts';
import type { Dialect } from '../../src/domain/outcome.ts';
import { Secret } from '../../src/domain/secret.ts';
import { STATUS_DEFAULTS } from '../../src/domain/status.ts';
import { createScenario } from '../support/scenario.ts';

const { signal } = new AbortController();

/** Two sources on one cloud, of which `other` has a wrong key. */
function twoSources(api: Dialect = 'tencent-v3') {
  return createScenario({
    api,
    adjust: (config) => ({
      ...config,
      sources: config.sources.flatMap((source) => [
        source,
        {
          ...source,
          name: 'other',
          credentials: fixed({ secretId: 'AKIDwrong', secretKey: new Secret('wrong') }),
        },
      ]),
    }),
  });
}

describe('a run over some of the sources', () => {
  it('leaves the others alone', async () => {
    const { app } = await twoSources();
    expect(await app.run({ signal, sources: ['ap-guangzhou'] })).toMatchObject({ archived: 1, exitCode: 0 });
    expect((await app.run({ signal, sources: ['other'] })).exitCode).toBe(10);
    expect((await app.run({ signal })).exitCode).toBe(3);
  });
});

describe('a source of which nothing is selected', () => {
  const withFilter = (allowEmpty: boolean) =>
    createScenario({
      adjust: (config) => ({
        ...config,
        allowEmpty,
        sources: config.sources.flatMap((source) => [
          source,
          { ...source, name: 'typo', tags: { backup: 'yse' } },
        ]),
      }),
    });

  it('is warned of, since the others do well', async () => {
    const { summary, of } = await (await withFilter(false)).run();
    expect(summary).toMatchObject({ archived: 1, exitCode: 0 });
    expect(of('warning').map(({ message }) => message)).toEqual([
      'nothing of source typo is archived: of its instances (1) none is selected',
    ]);
  });

  it('is not, where that is allowed', async () => {
    const { of } = await (await withFilter(true)).run();
    expect(of('warning')).toEqual([]);
  });
});

test('the status of several sources tells whose listing failed', async () => {
  const { app } = await twoSources();
  const { problems, sources } = await app.status({ ...STATUS_DEFAULTS, manifestReads: 0, signal });
  expect(problems).toMatchObject([{ message: expect.stringMatching(/^other: DescribeInstance/) }]);
  expect(sources).toEqual(['ap-guangzhou', 'other']);
});

describe('whether everything answers', () => {
  it.each(['tencent-v3', 'tencent-v2'] as const)(
    'costs %s one small request a source, and tells each by itself',
    async (api) => {
      const { app, cloud } = await twoSources(api);
      const before = cloud.requests.length;
      expect(await app.reach({ signal })).toEqual([
        {},
        { source: 'ap-guangzhou' },
        { source: 'other', error: expect.objectContaining({ code: 'credentials' }) },
      ]);
      const calls = cloud.requests.slice(before);
      expect(calls.length).toBeLessThanOrEqual(3);
    },
  );

  it('tells a destination that refuses, and the sources nonetheless', async () => {
    const { app } = await createScenario({
      measured: false,
      adjust: (config) => ({
        ...config,
        destination: { ...config.destination, bucket: 'no-such-bucket' } as typeof config.destination,
      }),
    });
    expect(await app.reach({ signal })).toEqual([
      { error: expect.objectContaining({ exit: 11 }) },
      { source: 'ap-guangzhou' },
    ]);
  });

  it('is given up at a signal', async () => {
    const { app } = await createScenario();
    await expect(app.reach({ signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });
});
