/** What is said of a network error: enough to act on, and nothing that opens a dump. */
import { describe, expect, it } from 'vitest';
import { describeNetworkError, withoutQueries } from '../../src/transfer/http-get.ts';

describe('a network error', () => {
  it('is told by its words and its code, the code once', () => {
    const error = (message: string, code?: string) => Object.assign(new Error(message), code && { code });
    expect(describeNetworkError(error('connect ECONNREFUSED 10.0.0.1:80', 'ECONNREFUSED'))).toBe(
      'connect ECONNREFUSED 10.0.0.1:80',
    );
    expect(describeNetworkError(error('socket hang up', 'ECONNRESET'))).toBe('socket hang up (ECONNRESET)');
    expect(describeNetworkError(error('terminated'))).toBe('terminated');
    expect(describeNetworkError('just a text')).toBe('just a text');
  });

  it('never holds the query of a link, wherever it is quoted', () => {
    for (const text of [
      'GET http://host/dump.rdb?q-sign=AbC/dEf+ghI== failed',
      'cannot read "http://host/dump.rdb?q-sign=AbC"',
      'bad url (http://host/dump.rdb?q-sign=AbC)',
      "no 'http://host/a?q-sign=AbC' and no 'http://host/b?q-sign=AbC'",
    ]) {
      for (const shown of [withoutQueries(text), describeNetworkError(new Error(text))]) {
        expect(shown).not.toMatch(/q-sign|AbC/);
        expect(shown).toContain('?[redacted]');
        expect(shown).toContain('http://host/');
      }
    }
    expect(withoutQueries('GET http://host/x?y failed')).toBe('GET http://host/x?[redacted] failed');
  });
});
