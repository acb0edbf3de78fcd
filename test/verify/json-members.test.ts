/** What the walk over a large JSON object gives is what `JSON.parse` would have given, and what that refuses is refused. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonMembers } from '../../src/verify/json-members.ts';

const walked = (text: string) =>
  [...jsonMembers(Buffer.from(text))].map(({ name, value }) => [name, JSON.parse(String(value)) as unknown]);

it('gives the members of any object, however it is written', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(undefined, 1, '\t'),
      (object, space) => {
        const text = `  ${JSON.stringify(object, undefined, space)}\r\n`;
        expect(walked(text)).toEqual(Object.entries(JSON.parse(text) as object));
      },
    ),
  );
});

it('refuses what was cut off, or is no object', () => {
  const whole = '{"a":{"b":["}",1]},"c":"\\"","d":2}';
  expect(walked(whole)).toEqual([
    ['a', { b: ['}', 1] }],
    ['c', '"'],
    ['d', 2],
  ]);
  for (let length = 0; length < whole.length; length += 1)
    expect(() => walked(whole.slice(0, length)), `the first ${length} bytes`).toThrow(SyntaxError);
  for (const text of ['[]', '1', '"a"', 'null', '{}{}', '{a:1}', '{"a" 1}', '{"a":1 "b":2}', '{"a":}'])
    expect(() => walked(text), text).toThrow(SyntaxError);
});
