/** What a person is told when a run has ended: what was archived, what was skipped and why, what failed and what to do. */
import type { Outcome, RunSummary } from '../../domain/outcome.ts';
import { printable } from '../../domain/outside-text.ts';
import { counted, humanSize, humanTime, readable } from '../amounts.ts';
import type { Paint } from './colours.ts';
import { type Column, formatTable } from './table.ts';

type Archived = Outcome & { readonly outcome: 'archived' };
type Failed = Outcome & { readonly outcome: 'failed' };

/** What could not be listed, or only with a warning. */
export interface Trouble {
  readonly what: string;
  readonly message: string;
  readonly hint: string;
}

export interface RunStory {
  readonly archived: readonly Archived[];
  readonly failed: readonly Failed[];
  readonly troubles: readonly Trouble[];
  readonly summary: RunSummary;
}

/** More rows than this help nobody; `list archives` shows all. */
const MOST_ROWS = 20;
/** Subjects named of failures that are alike. */
const MOST_ALIKE = 5;

export function closingText(story: RunStory, paint: Paint, width?: number): string {
  const parts = [
    archivedTable(story.archived, width),
    ...failureTexts(story.failed, paint),
    ...story.troubles.map(({ what, message, hint }) => troubleText(what, message, hint, paint)),
    totals(story.summary, paint),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function archivedTable(archived: readonly Archived[], width: number | undefined): string {
  if (archived.length === 0) return '';
  const columns: Column<Archived>[] = [
    { title: 'ARCHIVED', value: ({ instanceId }) => instanceId },
    { title: 'BACKUP', value: ({ backupId }) => backupId },
    { title: 'STARTED (UTC)', value: ({ backupStartedAt }) => readable(backupStartedAt) },
    { title: 'FILES', value: ({ files }) => files.length, align: 'right' },
    { title: 'SIZE', value: ({ bytes }) => humanSize(bytes), align: 'right' },
    { title: 'TIME', value: ({ durationMs }) => humanTime(durationMs), align: 'right', optional: true },
  ];
  const rows = archived.slice(0, MOST_ROWS);
  const table = formatTable(columns, rows, width === undefined ? {} : { width });
  return archived.length > rows.length ? `${table}… and ${archived.length - rows.length} more\n` : table;
}

/** Failures for one and the same reason are told once: a store that is lost fails a thousand backups. */
function failureTexts(failed: readonly Failed[], paint: Paint): string[] {
  const alike = Map.groupBy(failed, ({ reason, error }) => [reason, error.message, error.hint].join('\n'));
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const subjects = group
      .slice(0, MOST_ALIKE)
      .map(({ instanceId, backupId }) => printable(`${instanceId} ${backupId}`));
    const rest = group.length - subjects.length;
    const what = [...subjects, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n        ');
    return troubleText(
      `${what}: ${first.reason}`,
      printable(first.error.message),
      printable(first.error.hint),
      paint,
    );
  });
}

function troubleText(what: string, message: string, hint: string, paint: Paint): string {
  const advice = hint === '' ? '' : `    ${paint('dim', hint)}\n`;
  return `${paint('red', 'failed')}  ${what}\n    ${message}\n${advice}`;
}

function totals(summary: RunSummary, paint: Paint): string {
  const { skippedBy, skipped, failed, archived, bytes, durationMs } = summary;
  const notConsidered =
    (skippedBy.filtered ?? 0) + (skippedBy['other-shard'] ?? 0) + (skippedBy['in-progress'] ?? 0);
  const reasons = (names: readonly (keyof typeof skippedBy)[]): string =>
    names.flatMap((name) => (skippedBy[name] ? [`${name} ${skippedBy[name]}`] : [])).join(', ');
  const lines = [
    `${paint('green', 'archived')}  ${counted(archived, 'backup')}, ${humanSize(bytes)} in ${humanTime(durationMs)}`,
    skipped === 0
      ? ''
      : `${paint('dim', 'skipped')}   ${counted(skipped, 'backup')}: ${reasons(['already-archived', 'not-ready', 'expired', 'deadline'])}`,
    notConsidered === 0
      ? ''
      : `${paint('dim', 'left out')}  ${counted(notConsidered, 'backup')}: ${reasons(['filtered', 'other-shard', 'in-progress'])}`,
    failed === 0 ? '' : `${paint('red', 'failed')}    ${counted(failed, 'backup')}`,
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}
