/** What may be exchanged while we run: the work is done with what is in force, and once more where that was exchanged meanwhile. */
import { expect, test } from 'vitest';
import { fixed, withCurrent } from '../../src/domain/current.ts';

const always = () => true;

/** Refuses all but this one. */
const taking = (good: string) => async (value: string) => {
  if (value !== good) throw new Error(`${value} is refused`);
  return `done with ${value}`;
};

test('what is refused is done once more with what is in force by then', async () => {
  const values = ['old', 'new'];
  expect(await withCurrent(() => values.shift() ?? 'new', taking('new'), always)).toBe('done with new');
});

test('once: what is refused again is told as it is', async () => {
  const values = ['key 1', 'key 2', 'new'];
  await expect(withCurrent(() => values.shift() ?? '', taking('new'), always)).rejects.toThrow(
    'key 2 is refused',
  );
});

test('what nobody has exchanged is not tried a second time', async () => {
  let tried = 0;
  const work = async () => {
    tried += 1;
    throw new Error('refused');
  };
  await expect(withCurrent(fixed('old'), work, always)).rejects.toThrow('refused');
  expect(tried).toBe(1);
});

test('nor is what another value would not mend', async () => {
  const values = ['old', 'new'];
  await expect(
    withCurrent(
      () => values.shift() ?? '',
      taking('new'),
      () => false,
    ),
  ).rejects.toThrow('old');
});
