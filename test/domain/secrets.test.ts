/** What must never be printed: secrets, and the queries of links. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Link } from '../../src/domain/link.ts';
import { Secret } from '../../src/domain/secret.ts';

const everyWayToPrint = (value: object) => [
  String(value),
  `${value}`,
  JSON.stringify({ value }),
  inspect(value),
  inspect({ nested: { value } }, { depth: 9, showHidden: true }),
];

describe('a secret', () => {
  it('shows itself only when it is asked to', () => {
    const secret = new Secret('hunter2');
    for (const text of everyWayToPrint(secret)) {
      expect(text).not.toContain('hunter2');
      expect(text).toContain('[redacted]');
    }
    expect(secret.reveal()).toBe('hunter2');
  });
});

describe('a link', () => {
  it('is printed without its query, which would open the dump to anyone', () => {
    const link = new Link('http://user:pass@10.0.0.1:5500/download/dump.rdb?AbC/dEf+ghI==', 0);
    for (const text of everyWayToPrint(link)) {
      expect(text).toContain('http://10.0.0.1:5500/download/dump.rdb');
      expect(text).not.toMatch(/AbC|pass|\?/);
    }
  });

  it('is printed without anything behind its path, whatever stands there', () => {
    const shown = (address: string) => String(new Link(address, 0));
    expect(shown('https://host/a/dump.rdb#token=AbC')).toBe('https://host/a/dump.rdb');
    expect(shown('https://host/dump.rdb?AbC\ndEf?ghI')).toBe('https://host/dump.rdb');
    expect(shown('https://host/a@b/dump.rdb')).toBe('https://host/a@b/dump.rdb');
  });

  it('knows when it expires', () => {
    expect(new Link('https://host/dump.rdb', 1_795_000_000_000).expiresAt).toBe(1_795_000_000_000);
  });

  it('keeps its string byte for byte', () => {
    const address = 'http://10.0.0.1:5500/download/dump.rdb?AbC/dEf+ghI0123456789==';
    expect(new Link(address, 0).reveal()).toBe(address);
  });
});
