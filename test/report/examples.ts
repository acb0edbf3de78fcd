/** Events as a run tells them, for the tests of its listeners. */
import { ArchiverError } from '../../src/domain/errors.ts';
import type { Outcome, RunSummary } from '../../src/domain/outcome.ts';
import type { ArchiverEvent } from '../../src/report/observer.ts';

const base = {
  runId: 'run-1',
  source: 'prod',
  region: 'ap-guangzhou',
  instanceId: 'crs-orders01',
  backupId: '1234-5678',
  backupStartedAt: '2026-11-24T02:15:00Z',
  files: [],
  bytes: 0,
  durationMs: 5,
  attempts: 0,
  resumes: 0,
  linkRenewals: 0,
} as const;

export const archived: Outcome & { readonly outcome: 'archived' } = {
  ...base,
  outcome: 'archived',
  reason: null,
  files: [{ key: 'data/prod/dump.rdb', size: 2048, sha256: 'ab12' }],
  bytes: 2048,
  durationMs: 1500,
  attempts: 1,
  resumes: 2,
  linkRenewals: 1,
};

export const skipped: Outcome = { ...base, outcome: 'skipped', reason: 'already-archived', by: 'run-0' };

export const failed: Outcome & { readonly outcome: 'failed' } = {
  ...base,
  outcome: 'failed',
  reason: 'corrupt-source',
  error: { code: 'corrupt-source', message: 'the CRC-64 does not match', hint: 'Take a new backup now.' },
};

export const summary: RunSummary = {
  runId: 'run-1',
  considered: 3,
  archived: 1,
  skipped: 1,
  failed: 1,
  skippedBy: { 'already-archived': 1, filtered: 4 },
  bytes: 2048,
  durationMs: 3000,
  exitCode: 3,
};

export const sourceFailed: ArchiverEvent = {
  type: 'source.failed',
  runId: 'run-1',
  source: 'prod',
  region: 'ap-guangzhou',
  error: new ArchiverError('throttled', 'listing instances was throttled', {
    cause: new Error('RequestLimitExceeded'),
  }),
};

export const instanceFailed: ArchiverEvent = {
  type: 'instance.failed',
  runId: 'run-1',
  source: 'prod',
  region: 'ap-guangzhou',
  instanceId: 'crs-orders01',
  error: new ArchiverError('unknown-instance', 'crs-orders01 is not there', { hint: 'Check the id.' }),
};

export const transfer = {
  runId: 'run-1',
  source: 'prod',
  region: 'ap-guangzhou',
  transferId: 7,
  instanceId: 'crs-orders01',
  backupId: '1234-5678',
  file: 'dump.rdb',
} as const;

export const late = {
  type: 'transfer.late',
  ...transfer,
  position: 4096,
  bytesPerSecond: 3072,
  neededBytesPerSecond: 98_304,
  deadline: '2026-11-24T09:00:00Z',
} as const;

export const aBeginning = (runId: string): Extract<ArchiverEvent, { type: 'run.begin' }> => ({
  type: 'run.begin',
  runId,
  timezone: 'Asia/Shanghai',
  utcOffset: '+08:00',
  startedAt: '2026-11-24T03:00:00Z',
  sources: 1,
});
