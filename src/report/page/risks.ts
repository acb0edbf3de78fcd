/** What somebody must act upon: backups that the cloud is about to delete, and listings that failed. */
import type { StatusReport } from '../../domain/status.ts';
import { readable } from '../amounts.ts';
import { html, type Markup, NOTHING } from './html.ts';
import { roughlyHours, some } from './words.ts';

/** The rest is told instance by instance. */
const MOST_ROWS = 25;

export function riskSection({ instances }: StatusReport): Markup {
  const risks = instances
    .flatMap((instance) => instance.open.map((backup) => ({ instance, backup })))
    .filter(({ backup }) => backup.atRisk)
    .sort((a, b) => a.backup.hoursLeft - b.backup.hoursLeft);
  if (risks.length === 0) return NOTHING;
  const rows = risks.slice(0, MOST_ROWS).map(
    ({ instance, backup }) =>
      html`<tr><th scope="row"><bdi>${instance.name || instance.instanceId}</bdi><small>${instance.instanceId}</small></th><td data-label="Backup">${backup.backupId}${backup.quarantined ? html`<small>damaged, in quarantine</small>` : NOTHING}</td><td data-label="Started">${readable(backup.startedAt)}</td><td data-label="Deleted on">${readable(backup.deadline)}</td><td data-label="Left" class="risk"><b>${roughlyHours(backup.hoursLeft)}</b></td></tr>
`,
  );
  const rest = risks.length - rows.length;
  return html`<section aria-labelledby="risks"><h2 id="risks">Backups at risk</h2>
<p class="note">Not archived, and the cloud deletes them within a day. Archive one now: <code>rdb-archiver archive INSTANCE BACKUP</code></p>
<table class="cards"><caption class="unseen">Backups at risk, most urgent first</caption>
<thead><tr><th scope="col">Instance</th><th scope="col">Backup</th><th scope="col">Started</th><th scope="col">Deleted on</th><th scope="col">Left</th></tr></thead>
<tbody>
${rows}</tbody></table>${rest > 0 ? html`<p class="note">And ${some(rest, 'backup')} more, told below at each instance.</p>` : NOTHING}</section>
`;
}

/** What is no failure, and yet would be missed on the day when it matters. */
export function warningSection({ warnings }: StatusReport): Markup {
  if (warnings.length === 0) return NOTHING;
  const items = warnings.map(
    ({ message, hint }) =>
      html`<li><b>${message}</b>${hint === '' ? NOTHING : html`<small>${hint}</small>`}</li>
`,
  );
  return html`<section aria-labelledby="warnings"><h2 id="warnings">Warnings</h2>
<ul class="problems">
${items}</ul></section>
`;
}

export function problemSection({ problems }: StatusReport): Markup {
  if (problems.length === 0) return NOTHING;
  const items = problems.map(
    ({ message, hint }) =>
      html`<li><b>${message}</b>${hint === '' ? NOTHING : html`<small>${hint}</small>`}</li>
`,
  );
  return html`<section aria-labelledby="problems"><h2 id="problems">What could not be listed</h2>
<p class="note">What this page says of instances may be incomplete until these are solved.</p>
<ul class="problems">
${items}</ul></section>
`;
}
