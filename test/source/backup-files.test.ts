/** The files of a backup keep their names and order, whatever order the cloud answers in. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnsweredFile, backupFiles } from '../../src/source/backup-files.ts';

const POLICY = { network: 'extranet', expiresAt: 1_800_000_000_000, subject: 'crs-a/b1' } as const;

function answered(name: string, path: string, size?: number): AnsweredFile {
  const address = `https://cos.example/${path}?sign=${Math.random()}`;
  return { name, extranet: address, intranet: address, ...(size !== undefined && { size }) };
}

function namesAndPaths(files: readonly AnsweredFile[]): (readonly [string, string])[] {
  return backupFiles(files, POLICY).map(({ name, link }) => [name, link.toString()] as const);
}

test('a renewed answer in another order names the same files the same', () => {
  const name = fc.constantFrom('dump.rdb', 'dump.rdb#2', 'a-2.rdb', 'a-10.rdb', 'A-2.rdb', 'Ä.rdb', '');
  const files = fc.uniqueArray(fc.tuple(name, fc.integer({ min: 0, max: 99 })), {
    minLength: 1,
    selector: ([, n]) => n,
  });
  const twoOrders = files.chain((rows) =>
    fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
  );
  fc.assert(
    fc.property(twoOrders, ([one, other]) => {
      const of = (rows: typeof one) =>
        namesAndPaths(rows.map(([file, path]) => answered(file, `${path}.rdb`)));
      const first = of(one);
      expect(of(other)).toEqual(first);
      expect(new Set(first.map(([file]) => file)).size).toBe(one.length);
    }),
  );
});

test('a name that only one file has is left as it is', () => {
  const files = [
    answered('a.rdb', 'x/1'),
    answered('a.rdb', 'x/2'),
    answered('a.rdb#2', 'x/3'),
    answered('b.rdb', 'x/4'),
  ];
  expect(namesAndPaths(files)).toEqual([
    ['a.rdb', 'https://cos.example/x/1'],
    ['a.rdb#2', 'https://cos.example/x/3'],
    ['a.rdb#3', 'https://cos.example/x/2'],
    ['b.rdb', 'https://cos.example/x/4'],
  ]);
});

test('an address that is none is not tried', () => {
  for (const address of ['', 'ftp://cos.example/x', 'javascript:1', '/dump.rdb', 'https://']) {
    const file = { name: 'a.rdb', extranet: address, intranet: 'https://10.0.0.1/x' };
    expect(() => backupFiles([file], POLICY)).toThrow('gave no extranet link to a.rdb of crs-a/b1');
  }
});

test('the intranet address is used inside, and the other where there is none', () => {
  const inside = { ...POLICY, network: 'intranet' } as const;
  const both = { name: 'a.rdb', extranet: 'https://outer.example/x', intranet: 'http://10.0.0.1:5500/x' };
  expect(backupFiles([both], inside)[0]?.link.reveal()).toBe('http://10.0.0.1:5500/x');
  expect(backupFiles([{ ...both, intranet: '' }], inside)[0]?.link.reveal()).toBe('https://outer.example/x');
});

test('a link that does not say when it ends, ends when the dialect says', () => {
  const address = 'http://203.0.113.15:9097/download/dump.rdb?AbC/dEf+ghI0123456789==';
  const [file] = backupFiles([{ name: 'a.rdb', extranet: address, intranet: '' }], POLICY);
  expect(file?.link.expiresAt).toBe(POLICY.expiresAt);
  expect(file?.link.reveal()).toBe(address);
});

test('a size of 0 means that the cloud does not know it', () => {
  const [zero, known] = backupFiles([answered('a.rdb', 'a', 0), answered('b.rdb', 'b', 17)], POLICY);
  expect(zero).not.toHaveProperty('announcedSize');
  expect(known?.announcedSize).toBe(17);
});
