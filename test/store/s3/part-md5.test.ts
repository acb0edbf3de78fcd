/** When parts are digested, and that each gets its own digest. */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../src/domain/clock.ts';
import { md5Pair } from '../../../src/integrity/md5-pair.ts';
import { createPartMd5, eachAlone } from '../../../src/store/s3/part-md5.ts';
import { systemClock } from '../../../src/system-clock.ts';

const md5 = (bytes: Uint8Array): Buffer => createHash('md5').update(bytes).digest();

/** Hands that the test moves, and an alarm that it rings. */
function createStage(digestPair?: typeof md5Pair) {
  let now = 0;
  let ring = () => {};
  const clock: Clock = {
    ...systemClock,
    now: () => now,
    alarm(_, fire) {
      let wound = false;
      ring = () => {
        if (wound) fire();
      };
      return {
        restart: () => {
          wound = true;
        },
        stop: () => {
          wound = false;
        },
      };
    },
  };
  const parts = createPartMd5(clock, digestPair);
  return {
    ring: () => ring(),
    /** Whether it was answered by now, and with what. */
    ask(bytes: Uint8Array, last = false, after = 0) {
      now += after;
      const asked: { answer?: Buffer } = {};
      parts.digest(bytes, last).then((answer) => {
        asked.answer = answer;
      });
      return asked;
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
}

describe('the MD5 of a part', () => {
  test('does not wait for another part where parts come slowly, nor for the very first', async () => {
    const { ask } = createStage();
    const asked = [
      ask(Buffer.from('one')),
      ask(Buffer.from('two'), false, 1000),
      ask(Buffer.from('six'), false, 50),
    ];
    await settle();
    expect(asked.map(({ answer }) => answer)).toEqual(
      ['one', 'two', 'six'].map((text) => md5(Buffer.from(text))),
    );
  });

  test('waits for the next of its length where parts come fast, and both are right', async () => {
    const pairs: string[][] = [];
    const { ask } = createStage((one, other) => {
      pairs.push([one, other].map((bytes) => Buffer.from(bytes).toString()));
      return md5Pair(one, other);
    });
    ask(Buffer.from('one'));
    const second = ask(Buffer.from('two'), false, 10);
    await settle();
    expect(second.answer).toBeUndefined();
    const third = ask(Buffer.from('six'), false, 10);
    await settle();
    expect([second.answer, third.answer]).toEqual([md5(Buffer.from('two')), md5(Buffer.from('six'))]);
    expect(pairs).toEqual([['six', 'two']]);
  });

  test('comes alone when nobody joins it in time', async () => {
    const { ask, ring } = createStage();
    ask(Buffer.from('one'));
    const second = ask(Buffer.from('two'), false, 10);
    await settle();
    ring();
    await settle();
    expect(second.answer).toEqual(md5(Buffer.from('two')));
  });

  test('of the last part of a body comes at once, and that of another length lets nobody wait on', async () => {
    const { ask } = createStage();
    ask(Buffer.from('one'));
    const second = ask(Buffer.from('two'), false, 1);
    const last = ask(Buffer.from('end of it'), true, 1);
    const longer = ask(Buffer.from('seven'), false, 1);
    await settle();
    expect(last.answer).toEqual(md5(Buffer.from('end of it')));
    expect(second.answer).toEqual(md5(Buffer.from('two')));
    expect(longer.answer).toBeUndefined();
  });

  test('of a very large part neither waits nor holds up everything else while it is made', async () => {
    const { ask } = createStage();
    const large = Buffer.alloc(40 * 1024 * 1024, 'large');
    ask(Buffer.from('one'));
    const asked = ask(large, false, 1);
    await nextTurn();
    await nextTurn();
    expect(asked.answer).toBeUndefined();
    await settle();
    expect(asked.answer).toEqual(md5(large));
  });

  test('comes also where two cannot be made side by side, and nobody waits for ever', async () => {
    const { ask } = createStage(() => {
      throw new RangeError('could not allocate memory');
    });
    const texts = ['one', 'two', 'six'];
    const asked = texts.map((part) => ask(Buffer.from(part), false, 1));
    await settle();
    expect(asked.map(({ answer }) => answer)).toEqual(texts.map((part) => md5(Buffer.from(part))));
  });

  test('is waited for by nobody where no second part could be filled meanwhile', async () => {
    const digests = ['one', 'two'].map((text) => eachAlone.digest(Buffer.from(text), false));
    expect(await Promise.all(digests)).toEqual(['one', 'two'].map((text) => md5(Buffer.from(text))));
  });

  test('is its own, in whatever order the parts of several bodies come', async () => {
    const part = fc.record({ bytes: fc.uint8Array({ maxLength: 4 }), last: fc.boolean(), after: fc.nat(80) });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (parts) => {
        const { ask, ring } = createStage();
        const asked = parts.map(({ bytes, last, after }) => ask(bytes, last, after));
        await settle();
        ring();
        await settle();
        expect(asked.map(({ answer }) => answer)).toEqual(parts.map(({ bytes }) => md5(bytes)));
      }),
      { numRuns: 60 },
    );
  });
});
