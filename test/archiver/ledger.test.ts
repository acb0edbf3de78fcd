/** What a run's exit status makes of a listing that failed: the cloud's trouble and a mistake of ours are two things. */
import { expect, test } from 'vitest';
import { createLedger } from '../../src/archiver/ledger.ts';
import { ArchiverError, asArchiverError } from '../../src/domain/errors.ts';
import type { Source } from '../../src/source/source.ts';
import { createTestClock } from '../support/clock.ts';

const nothing = () => Promise.reject(new Error('nobody should ask this source'));
const source: Source = {
  name: 'ap-guangzhou',
  api: 'tencent-v3',
  region: 'ap-guangzhou',
  inventory: nothing,
  probe: nothing,
  checkup: nothing,
  files: nothing,
  key: nothing,
};

test.each([
  ['trouble of the cloud with 10', new ArchiverError('credentials', 'a wrong key'), 10],
  ['a mistake of ours with 1, which is reported', asArchiverError(new TypeError('x is not a function')), 1],
])('a source that cannot be listed for %s', (_what, error, exitCode) => {
  const ledger = createLedger({ runId: 'run-1', clock: createTestClock(), observer: () => {} });
  ledger.listingFailed({ source, error });
  ledger.mark(10);
  expect(ledger.summary().exitCode).toBe(exitCode);
});

test.each([
  ['that the cloud refuses to hand out: 3', new ArchiverError('key-not-kept', 'denied'), 3],
  ['of an archive whose manifest is damaged: 4', new ArchiverError('archive-damaged', 'no manifest'), 4],
  ['that a mistake of ours has cost: 1, which is reported', asArchiverError(new TypeError('x')), 1],
])('a run ends for a key %s', (_what, error, exitCode) => {
  const ledger = createLedger({ runId: 'run-1', clock: createTestClock(), observer: () => {} });
  const about = { runId: 'run-1', source: 'ap-guangzhou', region: 'ap-guangzhou' };
  ledger.keyFailed({ ...about, instanceId: 'crs-1', backupId: 'backup-1' }, error);
  expect(ledger.summary().exitCode).toBe(exitCode);
});
