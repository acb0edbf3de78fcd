/** Tables stay aligned and inside the terminal, whatever names the cloud's users have chosen. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Column, formatTable, tableInBlocks } from '../../../src/report/terminal/table.ts';
import { fitted, textWidth, wrapped } from '../../../src/report/terminal/text-width.ts';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly size: number;
}

const columns: readonly Column<Row>[] = [
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name, flexible: true },
  { title: 'SIZE', value: ({ size }) => size, align: 'right' },
];

const rows: Row[] = [
  { id: 'crs-1', name: 'orders', size: 5 },
  { id: 'crs-22', name: '订单缓存', size: 12345 },
];

describe('a table', () => {
  test('is aligned, wide characters counted as two columns', () => {
    expect(formatTable(columns, rows)).toBe(
      ['ID      NAME       SIZE', 'crs-1   orders        5', 'crs-22  订单缓存  12345', ''].join('\n'),
    );
  });

  test('with no row is its titles', () => {
    expect(formatTable(columns, [])).toBe('ID  NAME  SIZE\n');
  });

  test('that comes in blocks has its titles once, and goes on as wide as it began', () => {
    const block = tableInBlocks<Row>();
    const told = [block(columns, rows.slice(1)), block(columns, rows.slice(0, 1)), block(columns, [])];
    expect(told).toEqual([
      'ID      NAME       SIZE\ncrs-22  订单缓存  12345\n',
      'crs-1   orders        5\n',
      '',
    ]);
    expect(block(columns.slice(0, 2), rows.slice(1))).toBe('ID      NAME\ncrs-22  订单缓存\n');
  });

  test('cuts names and never ids when the terminal is narrow', () => {
    const long = [{ id: 'crs-12345678', name: 'a name that is much too long for this', size: 1 }];
    const text = formatTable(columns, long, { width: 40 });
    expect(text).toContain('crs-12345678  a name that is much…     1');
  });

  test('lets no escape sequence of a name reach the terminal', () => {
    const text = formatTable(columns, [{ id: 'crs-1', name: 'a\u001b[31mb\nc', size: 1 }]);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('[31mb c');
  });

  test('is as wide as the terminal at the most, where its ids leave room for that', () => {
    const row = fc.record({
      id: fc.string({ unit: fc.constantFrom(...'abc-09'), maxLength: 12 }),
      name: fc.string({ unit: 'grapheme', maxLength: 60 }),
      size: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), fc.integer({ min: 40, max: 120 }), (some, width) => {
        const lines = formatTable(columns, some, { width }).trimEnd().split('\n');
        expect(lines).toHaveLength(some.length + 1);
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});

test('a text is cut to the columns it may take, never in the middle of a wide character', () => {
  expect(fitted('订单缓存', 8)).toBe('订单缓存');
  expect(fitted('订单缓存', 7)).toBe('订单缓…');
  expect(fitted('订单缓存', 6)).toBe('订单…');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      expect(textWidth(fitted(text, width))).toBeLessThanOrEqual(width);
    }),
  );
});

test('a long message is broken between words, and nothing of it is lost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z会]{1,12}$/), { minLength: 1 }),
      fc.integer({ min: 24, max: 80 }),
      (words, columns) => {
        const lines = wrapped(words.join(' '), columns);
        expect(lines.join(' ')).toBe(words.join(' '));
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(columns);
      },
    ),
  );
  expect(wrapped('a word longer than that', 4)).toEqual(['a', 'word', 'longer', 'than', 'that']);
});
