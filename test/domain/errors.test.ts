/** Errors carry what happened, what to do, and the exit status it means. */
import { describe, expect, it } from 'vitest';
import { ArchiverError, asArchiverError, interruption } from '../../src/domain/errors.ts';

describe('an error', () => {
  it('always has a hint: the one given, or its code’s own', () => {
    expect(new ArchiverError('download-failed', 'x').hint).not.toBe('');
    expect(new ArchiverError('download-failed', 'x', { hint: 'do this' }).hint).toBe('do this');
  });

  it.each([
    ['usage', 2, 'internal', 'never'],
    ['config', 2, 'internal', 'never'],
    ['credentials', 3, 'link-refused', 'never'],
    ['permission', 3, 'link-refused', 'never'],
    ['api-rejected', 3, 'link-refused', 'never'],
    ['api-unavailable', 3, 'link-refused', 'backup'],
    ['throttled', 3, 'link-refused', 'backup'],
    ['link-refused', 3, 'link-refused', 'never'],
    ['not-ready', 3, 'never-ready', 'never'],
    ['backup-gone', 3, 'backup-gone', 'never'],
    ['export-required', 3, 'export-required', 'never'],
    ['unknown-instance', 3, 'internal', 'never'],
    ['unknown-backup', 3, 'internal', 'never'],
    ['download-failed', 3, 'download-failed', 'backup'],
    ['corrupt-source', 3, 'corrupt-source', 'never'],
    ['store-refused', 11, 'store-failed', 'never'],
    ['store-unreachable', 11, 'store-failed', 'backup'],
    ['store-failed', 3, 'store-failed', 'backup'],
    ['archive-damaged', 4, 'internal', 'never'],
    ['notify-failed', 3, 'internal', 'never'],
    ['interrupted', 3, 'interrupted', 'never'],
    ['internal', 1, 'internal', 'never'],
  ] as const)(
    '%s ends a command in %i and a backup as %s; the backup is tried again: %s',
    (code, exit, reason, retry) => {
      expect(new ArchiverError(code, 'x')).toMatchObject({
        name: 'ArchiverError',
        code,
        exit,
        reason,
        retry,
      });
    },
  );

  it('has a cause only where there is one', () => {
    expect('cause' in new ArchiverError('internal', 'x')).toBe(false);
    expect(new ArchiverError('internal', 'x', { cause: null })).toHaveProperty('cause', null);
  });

  it('that is no error at all is told by its text', () => {
    expect(asArchiverError('just a text').message).toContain('just a text');
  });

  it('means 130 after Ctrl-C and 143 after SIGTERM', () => {
    expect(interruption('SIGINT').exit).toBe(130);
    expect(interruption('SIGTERM').exit).toBe(143);
    expect(interruption('SIGTERM').reason).toBe('interrupted');
  });

  it('that nobody foresaw is called a bug, and keeps its cause', () => {
    const cause = new TypeError('x is not a function');
    const error = asArchiverError(cause);
    expect(error).toMatchObject({ code: 'internal', exit: 1, cause });
    expect(error.message).toContain('x is not a function');
  });

  it('is passed on as it is when it is one of ours', () => {
    const error = new ArchiverError('throttled', 'slow down');
    expect(asArchiverError(error)).toBe(error);
  });
});
