/** Runs a cell of the matrix: the whole product with one thing broken, what came of it, and that all is well once that is mended. */
import { describe, expect, test, vi } from 'vitest';
import type { Manifest } from '../../src/domain/manifest.ts';
import { DAY_MS, HOUR_MS } from '../support/builders.ts';
import type { Run } from '../support/scenario.ts';
import { type Kept, openStage } from './stage.ts';
import { type Cell, cellsOf, type Expected, type Side } from './table.ts';

/** One test a cell. */
export function testSide(side: Side): void {
  describe(side.title, () => {
    test.each(cellsOf(side).map((cell) => [titleOf(cell), cell] as const))('%s', (_, cell) =>
      runCell(cell, side),
    );
  });
}

function titleOf({ row, column, shape, variant, expected }: Cell): string {
  return `${row.fault}, ${row.lasts}, ${column}, ${shape}, ${variant}: ${expected}`;
}

async function runCell(cell: Cell, side: Side): Promise<void> {
  const { row, expected } = cell;
  // The SDK throws dice for its waits between attempts, up to seconds each: here they fall low.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { stage, kept } = await openStage(cell, side);
  const fault = row.strike(stage);

  const broken = await stage.run();
  expect(fault.strikes, 'the fault has struck').toBeGreaterThan(0);
  expectTold(broken, expected);
  await expectWhole(kept, broken, row.spoils === true);
  expect(await kept.strays(), 'uploads that are left').toBe(row.strands ?? 0);
  const archived = await kept.objects('catalog');

  fault.remove();
  // What lies in quarantine is tried again once a day.
  stage.clock.advance(expected === 'corrupt-source' ? DAY_MS + HOUR_MS : 0);
  const mended = await stage.run();
  expect(mended.summary, 'the next run').toMatchObject({
    considered: kept.dumps.size,
    failed: 0,
    exitCode: 0,
  });
  await expectWhole(kept, mended, false);
  expect([...(await kept.objects('catalog'))], 'archives stay as they are').toEqual(
    expect.arrayContaining([...archived]),
  );
  expect(await kept.strays(), 'uploads that are left').toBe(row.strands ?? 0);
}

/** Each backup, and the run as a whole, are told as the table says; what failed, in words and with a hint. */
function expectTold(run: Run, expected: Expected): void {
  const { outcomes, summary } = run;
  const complaints = [...run.of('run.failed'), ...run.of('source.failed'), ...run.of('instance.failed')].map(
    ({ error }) => error,
  );
  const failures = outcomes.flatMap((outcome) => (outcome.outcome === 'failed' ? [outcome.error] : []));
  for (const { message, hint } of [...complaints, ...failures]) {
    expect(message).not.toBe('');
    expect(hint).not.toBe('');
  }
  const reasons = new Set(outcomes.map(({ outcome, reason }) => reason ?? outcome));
  const told = { reasons: [...reasons], complained: complaints.length > 0, exit: summary.exitCode };
  expect(told).toEqual(TOLD[expected] ?? { reasons: [expected], complained: false, exit: 3 });
}

/** What is told for each expected result that is not a failed backup: the outcomes' reasons, whether anything else, the exit status. */
const TOLD: Readonly<Partial<Record<Expected, { reasons: string[]; complained: boolean; exit: number }>>> = {
  archived: { reasons: ['archived'], complained: false, exit: 0 },
  'put off: not-ready': { reasons: ['not-ready'], complained: false, exit: 0 },
  'archived, listing told as failed': { reasons: ['archived'], complained: true, exit: 3 },
  'listing told as failed': { reasons: [], complained: true, exit: 3 },
  'nothing listed': { reasons: [], complained: true, exit: 10 },
  'destination failed': { reasons: [], complained: true, exit: 3 },
  'destination refused': { reasons: [], complained: true, exit: 11 },
};

/** There is an archive of just what the run says it archived or found archived, and all of it has the cloud's bytes. */
async function expectWhole(kept: Kept, { outcomes }: Run, spoiled: boolean): Promise<void> {
  const claimed = outcomes
    .filter(({ outcome, reason }) => outcome === 'archived' || reason === 'already-archived')
    .map(({ backupId }) => backupId);
  const data = await kept.objects('data');
  const manifests = [...(await kept.objects('catalog')).values()].map(
    ({ text }) => JSON.parse(text) as Manifest,
  );
  expect(manifests.map(({ backup }) => backup.id).sort()).toEqual(claimed.sort());
  for (const { backup, files } of manifests) {
    // In order: API 2.0 gives its file no name of its own.
    expect(files.map(({ sha256 }) => sha256)).toEqual(kept.dumps.get(backup.id));
    for (const { key, sha256 } of files) expect(data.get(key)?.sha256, key).toBe(sha256);
  }
  // What a failed backup leaves of its other shards is whole too.
  const inCloud = new Set([...kept.dumps.values()].flat());
  if (!spoiled) for (const [key, { sha256 }] of data) expect(inCloud.has(sha256), key).toBe(true);
}
