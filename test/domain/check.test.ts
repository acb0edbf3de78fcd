/** The words of `check`, which programs read. */
import { expect, it } from 'vitest';
import { failing, notTried, passed, warned } from '../../src/domain/check.ts';
import { ArchiverError } from '../../src/domain/errors.ts';

it('what was found out says how it went, what was seen and what to do', () => {
  expect(passed('put', 'works')).toEqual({
    check: 'put',
    verdict: 'ok',
    detail: 'works',
    hint: '',
    facts: {},
    requests: [],
  });
  expect(passed('put', 'works', { ms: 3 }, 'fine')).toMatchObject({ facts: { ms: 3 }, hint: 'fine' });
  expect(warned('lock', 'off', 'turn it on', { locked: false })).toEqual({
    check: 'lock',
    verdict: 'warning',
    detail: 'off',
    hint: 'turn it on',
    facts: { locked: false },
    requests: [],
  });
  expect(warned('lock', 'off', 'turn it on').facts).toEqual({});
  expect(failing('list', new ArchiverError('store-refused', 'denied', { hint: 'allow it' }))).toEqual({
    check: 'list',
    verdict: 'failed',
    detail: 'denied',
    hint: 'allow it',
    facts: { code: 'store-refused' },
    requests: [],
  });
  expect(notTried('delete', 'nothing to delete')).toEqual({
    check: 'delete',
    verdict: 'not-tried',
    detail: 'nothing to delete',
    hint: '',
    facts: {},
    requests: [],
  });
});
