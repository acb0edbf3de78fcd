/** Pushing groups of metrics: how many requests it takes, and what a refusal stops. */
import { expect, test } from 'vitest';
import { pushGroups } from '../../../src/report/metrics/pushgateway.ts';
import type { Exchange } from '../../../src/report/notify/exchange.ts';

const groups = [{}, { source: 'a', instance_id: 'crs-1' }, { source: 'a', instance_id: 'x/y' }].map(
  (labels) => ({
    labels,
    body: '',
  }),
);

/** Pushes all groups to a receiver that refuses the paths that match. */
async function pushed(refuses: RegExp): Promise<{ paths: string[]; error: unknown }> {
  const paths: string[] = [];
  const exchange: Exchange = async ({ message }) => {
    const path = message().address.replace('http://gateway', '');
    paths.push(path);
    if (refuses.test(path)) throw new Error(`${path} was refused`);
  };
  const options = { url: 'http://gateway', exchange, signal: new AbortController().signal };
  const error = await pushGroups(groups, options).catch((thrown: unknown) => thrown);
  return { paths, error };
}

const RUN = '/metrics/job/rdb-archiver';

test('every group is pushed once, the run first', async () => {
  const { paths, error } = await pushed(/nothing/);
  expect(error).toBeUndefined();
  expect(paths).toEqual([
    RUN,
    `${RUN}/source/a/instance_id/crs-1`,
    `${RUN}/source/a/instance_id@base64/eC95`,
  ]);
});

test('one that is refused stops no other, and is told', async () => {
  const { paths, error } = await pushed(/crs-1/);
  expect(paths).toHaveLength(3);
  expect(String(error)).toContain('crs-1 was refused');
});

test('where the run itself cannot be pushed, the instances are not tried', async () => {
  const { paths, error } = await pushed(/archiver$/);
  expect(paths).toEqual([RUN]);
  expect(error).toBeInstanceOf(Error);
});
