/** Errors carry what happened, what to do, and the exit status it means. */
import { describe, expect, it } from 'vitest';
import { ArchiverError, asArchiverError, interruption } from '../../src/domain/errors.ts';

describe('an error', () => {
  it('always has a hint: the one given, or its code’s own', () => {
    expect(new ArchiverError('download-failed', 'x').hint).not.toBe('');
    expect(new ArchiverError('download-failed', 'x', { hint: 'do this' }).hint).toBe('do this');
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
