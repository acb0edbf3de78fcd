/** Work that is shared by all who ask at the same time. */
import { describe, expect, test } from 'vitest';
import { singleFlight } from '../../src/source/single-flight.ts';

const never = new AbortController().signal;

/** Work whose end the test decides. */
function controlled() {
  const runs: { signal: AbortSignal; resolve: (value: string) => void; reject: (error: Error) => void }[] =
    [];
  const work = (signal: AbortSignal): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    runs.push({ signal, resolve, reject });
    return promise;
  };
  return { runs, shared: singleFlight(work) };
}

describe('shared work', () => {
  test('is done once for all who ask while it runs, and anew for who asks later', async () => {
    const { runs, shared } = controlled();
    const both = Promise.all([shared(never), shared(never)]);
    runs[0]?.resolve('first');
    expect(await both).toEqual(['first', 'first']);

    const later = shared(never);
    runs[1]?.resolve('second');
    expect(await later).toBe('second');
    expect(runs).toHaveLength(2);
  });

  test('does not remember a failure', async () => {
    const { runs, shared } = controlled();
    const failing = shared(never);
    runs[0]?.reject(new Error('down'));
    await expect(failing).rejects.toThrow('down');

    const next = shared(never);
    runs[1]?.resolve('up');
    expect(await next).toBe('up');
  });

  test('goes on for the others when one of them gives up', async () => {
    const { runs, shared } = controlled();
    const impatient = new AbortController();
    const leaving = shared(impatient.signal);
    const staying = shared(never);
    impatient.abort(new Error('no time'));
    await expect(leaving).rejects.toThrow('no time');
    expect(runs[0]?.signal.aborted).toBe(false);

    const joining = shared(never);
    runs[0]?.resolve('done');
    expect(await Promise.all([staying, joining])).toEqual(['done', 'done']);
    expect(runs).toHaveLength(1);
  });

  test('is stopped when the last one gives up, and the next caller gets fresh work', async () => {
    const { runs, shared } = controlled();
    const impatient = new AbortController();
    const leaving = Promise.allSettled([shared(impatient.signal), shared(impatient.signal)]);
    impatient.abort(new Error('no time'));
    expect(await leaving).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(runs[0]?.signal.aborted).toBe(true);

    const next = shared(never);
    runs[0]?.reject(new Error('stopped'));
    runs[1]?.resolve('fresh');
    expect(await next).toBe('fresh');
  });

  test('is not begun for a caller who has given up already', async () => {
    const { runs, shared } = controlled();
    await expect(shared(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    expect(runs).toHaveLength(0);
  });
});
