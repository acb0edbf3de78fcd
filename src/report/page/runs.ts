/** The latest runs: what came of each, and what its exit code means. */
import type { RunSummary } from '../../domain/outcome.ts';
import { humanSize, humanTime } from '../amounts.ts';
import { html, type Markup, NOTHING } from './html.ts';
import { grouped } from './words.ts';

const MOST_ROWS = 20;

/** Shorter than the help's, for a table's cell. */
const MEANINGS: Readonly<Record<number, string>> = {
  0: 'all done',
  1: 'unexpected error',
  2: 'wrong configuration',
  3: 'something failed',
  4: 'damage found',
  5: 'stale or at risk',
  10: 'no source listed',
  11: 'destination refused',
  129: 'hung up',
  130: 'interrupted',
  131: 'interrupted',
  140: 'interrupted',
  143: 'terminated',
};

/** A run's id begins with the time of its start. */
const STARTED = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})\d{2}Z/;

export function runSection(runs: readonly RunSummary[]): Markup {
  const newestFirst = runs.toSorted((a, b) => (a.runId < b.runId ? 1 : -1)).slice(0, MOST_ROWS);
  const body =
    runs.length === 0
      ? html`<p class="note">This page knows of no run: only a worker that stays up (<code>rdb-archiver schedule</code>) remembers them.</p>`
      : html`<table class="cards"><caption class="unseen">The latest runs, newest first</caption>
<thead><tr><th scope="col">Started</th><th scope="col">Ended with</th><th scope="col">Archived</th><th scope="col">Skipped</th><th scope="col">Failed</th><th scope="col">Moved</th><th scope="col">Took</th></tr></thead>
<tbody>
${newestFirst.map(row)}</tbody></table>`;
  return html`<section aria-labelledby="runs"><h2 id="runs">Latest runs</h2>
${body}</section>
`;
}

function row(run: RunSummary): Markup {
  const reasons = Object.entries(run.skippedBy)
    .filter(([reason, count]) => count > 0 && !['filtered', 'other-shard', 'in-progress'].includes(reason))
    .map(([reason, count]) => `${grouped(count)} ${reason.replaceAll('-', ' ')}`)
    .join(', ');
  return html`<tr><th scope="row">${startOf(run.runId)}</th><td data-label="Ended with" class="${run.exitCode === 0 ? 'well' : 'risk'}"><b>${run.exitCode}</b> ${MEANINGS[run.exitCode] ?? 'failed'}</td><td data-label="Archived">${grouped(run.archived)}</td><td data-label="Skipped">${grouped(run.skipped)}${reasons === '' ? NOTHING : html`<small>${reasons}</small>`}</td><td data-label="Failed">${grouped(run.failed)}</td><td data-label="Moved">${humanSize(run.bytes)}</td><td data-label="Took">${humanTime(run.durationMs)}</td></tr>
`;
}

function startOf(runId: string): string {
  const match = STARTED.exec(runId);
  return match === null ? runId : `${match[1]}-${match[2]}-${match[3]} ${match[4]}:${match[5]}`;
}
