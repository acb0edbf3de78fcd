/** Text of others: nothing in it is more than text where it is shown, and it keeps to a length. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { harmlessJson, printable, tidyMessage, tidyName } from '../../src/domain/outside-text.ts';

/** Moves cursors, turns the direction of writing, or begins a line. */
const ACTIVE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** Texts with a good part of what they must not show. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'\u001b[31m\u009b2J\n\r\t\u202e\u2066\u2028\u2029\u0000\ud800x数'),
    fc.string({ unit: 'binary' }),
  ),
  maxLength: 60,
});

describe('what is shown', () => {
  test('holds nothing that a terminal, a chat or a reader by lines obeys', () => {
    fc.assert(fc.property(hostile, (text) => !ACTIVE.test(printable(text))));
  });

  test('stays as it is where it is text, in whatever language', () => {
    const text = 'orders 订单 zamówienia 👩‍💻 (می‌خواهم)';
    expect([printable(text), tidyName(text), tidyMessage(text)]).toEqual([text, text, text]);
  });

  test('is cut, and says so', () => {
    expect(tidyName('x'.repeat(10_000_000))).toBe(`${'x'.repeat(255)}…`);
    expect(tidyMessage('x'.repeat(10_000_000))).toHaveLength(2000);
    expect(tidyName('x'.repeat(256))).toHaveLength(256);
  });
});

test('JSON says the same, and is harmless to look at', () => {
  fc.assert(
    fc.property(fc.dictionary(hostile, hostile), (value) => {
      const json = harmlessJson(JSON.stringify(value));
      expect(json).not.toMatch(ACTIVE);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
