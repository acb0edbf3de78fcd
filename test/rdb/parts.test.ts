/** The parts of the census that have a mind of their own: prefixes, the largest keys, compressed strings, names as text. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expand, MALFORMED } from '../../src/rdb/lzf.ts';
import { moduleName } from '../../src/rdb/module-name.ts';
import { createPrefixes } from '../../src/rdb/prefixes.ts';
import { printableName } from '../../src/rdb/printable-name.ts';
import { bytes, compressed, dump, key, string } from '../support/rdb-writer.ts';
import { censusOf } from './census-of.ts';

const named = (name: string) => {
  const content = Buffer.from(name);
  return {
    database: 0,
    form: { row: 0, type: 'string', encoding: 'string', counted: false, droppedEmpty: false },
    name: content,
    nameLength: content.length,
    nameBytes: content.length,
    expires: false,
    expiresAt: 0,
    bytes: 10,
    elements: 0,
    elementsExact: true,
    fields: undefined,
  } as const;
};

describe('prefixes', () => {
  const CAPACITY = 64;

  test('are all counted exactly while there are few of them', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-h]?[a-h]?:?x$/), { maxLength: 300 }), (names) => {
        const prefixes = createPrefixes(128);
        for (const name of names) prefixes.add(named(name));
        const { prefixes: rows, other, without } = prefixes.result(128);
        const told = Map.groupBy(names, (name) => (name.includes(':') ? name.split(':')[0] : undefined));
        expect(other.keys).toBe(0);
        expect(without.keys).toBe(told.get(undefined)?.length ?? 0);
        for (const { prefix, keys, exact } of rows)
          expect([keys, exact]).toEqual([told.get(prefix)?.length, true]);
        expect(rows.length).toBe(told.size - (told.has(undefined) ? 1 : 0));
      }),
    );
  });

  test('never lose a key: what has no row is among the others, and no row counts too much', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { maxLength: 2000 }), (numbers) => {
        const prefixes = createPrefixes(CAPACITY);
        for (const number of numbers) prefixes.add(named(`${number}:x`));
        const { prefixes: rows, other } = prefixes.result(10);
        expect(rows.reduce((sum, { keys }) => sum + keys, other.keys)).toBe(numbers.length);
        for (const { prefix, keys, exact } of rows) {
          const real = numbers.filter((number) => String(number) === prefix).length;
          if (exact) expect(keys).toBe(real);
          else expect(keys).toBeLessThanOrEqual(real);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('that are common stay, among millions of rare ones', () => {
    const prefixes = createPrefixes(CAPACITY);
    for (let number = 0; number < 100_000; number++) {
      prefixes.add(named(`only-${number}:x`));
      if (number % 20 === 0) prefixes.add(named('session:x'));
    }
    const [first] = prefixes.result(1).prefixes;
    expect(first).toMatchObject({ prefix: 'session', keys: 5000, exact: true });
  });

  test('longer than anybody’s are none', () => {
    const prefixes = createPrefixes();
    prefixes.add(named(`${'x'.repeat(100)}:y`));
    expect(prefixes.result(10)).toMatchObject({ prefixes: [], without: { keys: 1 } });
  });
});

describe('the largest keys', () => {
  test('are those that a sorted list would begin with', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(3000), { maxLength: 60 }),
        fc.integer({ min: 0, max: 12 }),
        (sizes, top) => {
          const file = dump(sizes.map((size) => key(0, 'key', string('x'.repeat(size)))));
          const sorted = sizes
            .map((size) => key(0, 'key', string('x'.repeat(size))).length)
            .sort((a, b) => b - a);
          expect(censusOf(file, { top }).largest.map(({ bytes: each }) => each)).toEqual(
            sorted.slice(0, top),
          );
        },
      ),
    );
  });
});

describe('a name', () => {
  test('is shown as it is where that is text', () => {
    expect(printableName(Buffer.from('user:42:Größe:数据'))).toBe('user:42:Größe:数据');
  });

  test.each([
    ['an escape sequence', '\x1b[2Jx', String.raw`\x1b[2Jx`],
    ['a line break', 'a\r\nb', String.raw`a\x0d\x0ab`],
    ['a change of direction', 'a\u202eb', String.raw`a\xe2\x80\xaeb`],
    ['a backslash', String.raw`a\x1b`, String.raw`a\\x1b`],
    ['a byte-order mark', '\ufeffa', String.raw`\xef\xbb\xbfa`],
  ])('with %s is shown without it', (_, name, shown) => {
    expect(printableName(Buffer.from(name))).toBe(shown);
  });

  test('that is no text is shown byte by byte', () => {
    expect(printableName(Buffer.of(0x61, 0xff, 0x00, 0x5c))).toBe(String.raw`a\xff\x00\\`);
  });

  test('is never shown as another one is', () => {
    const name = fc.uint8Array({ maxLength: 6 });
    fc.assert(
      fc.property(name, name, (one, other) => {
        const same = Buffer.from(one).equals(other);
        expect(printableName(one) === printableName(other)).toBe(same);
      }),
      { numRuns: 3000 },
    );
  });

  test('of a key that is compressed, cut or a number is made out', () => {
    const file = dump([
      bytes(0, compressed(`aaaaaaaaaaaaaaaaaaaaaaaa:${'b'.repeat(20)}`), string('')),
      bytes(0, string('long:'.padEnd(3000, 'x')), string('')),
      bytes(0, 0xc1, 0x39, 0x30, string('')),
      bytes(0, 0xc0, 0xff, string('')),
    ]);
    const names = censusOf(file).largest.map(({ name }) => name);
    expect(names).toContain(`aaaaaaaaaaaaaaaaaaaaaaaa:${'b'.repeat(20)}`);
    expect(names).toContain(`${'long:'.padEnd(512, 'x')}…`);
    expect(names).toContain('12345');
    expect(names).toContain('-1');
  });

  test('of a module is unpacked', () => {
    expect(moduleName(0, 0)).toBe('AAAAAAAAA');
  });
});

describe('a compressed string', () => {
  const body = (text: Uint8Array): Buffer => {
    // Behind the mark come two lengths; the text is short enough for two bytes each.
    const packed = compressed(text);
    const skip = (at: number): number => at + ((packed[at] ?? 0) < 0x40 ? 1 : 2);
    return packed.subarray(skip(skip(1)));
  };
  const text = fc
    .array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 300 })), { maxLength: 8 })
    .map((runs) => Buffer.concat(runs.map(([byte, length]) => Buffer.alloc(length, byte))));

  test('expands to what it was', () => {
    fc.assert(
      fc.property(text, (original) => {
        const packed = body(original);
        const target = new Uint8Array(original.length);
        expect(expand(packed, packed.length, target, target.length, false)).toBe(original.length);
        expect(original.equals(target)).toBe(true);
      }),
    );
  });

  test('of which only a part is at hand gives its beginning', () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.nat(400), (original, cut, limit) => {
        const packed = body(original);
        const part = packed.subarray(0, cut % (packed.length + 1));
        const target = new Uint8Array(limit);
        const length = expand(part, part.length, target, limit, true);
        expect(length).toBeGreaterThanOrEqual(0);
        expect(original.subarray(0, length).equals(target.subarray(0, length))).toBe(true);
      }),
    );
  });

  test('that refers to what was never there is malformed', () => {
    expect(expand(Uint8Array.of(0xe0, 0, 0), 3, new Uint8Array(20), 20, false)).toBe(MALFORMED);
  });
});
