/** What somebody should know of the runs in hand: transfers that will not be there in time, and silence. */
import { humanSize, readable } from '../amounts.ts';
import type { LateTransfer } from '../in-hand.ts';
import { html, type Markup, NOTHING } from './html.ts';

export interface Now {
  /** Most urgent first. */
  readonly late: readonly LateTransfer[];
  /** In sentences. */
  readonly silence: readonly string[];
}

export function nowSection({ late, silence }: Now = { late: [], silence: [] }): Markup {
  if (late.length + silence.length === 0) return NOTHING;
  const items = [
    ...silence.map(
      (sentence) => html`<li><b>${sentence}</b></li>
`,
    ),
    ...late.map(
      (transfer) => html`<li><b>${lateness(transfer)}</b><small>${pace(transfer)}</small></li>
`,
    ),
  ];
  return html`<section aria-labelledby="now"><h2 id="now">On its way</h2>
<ul class="problems">
${items}</ul></section>
`;
}

function lateness({ instanceId, backupId, deadline }: LateTransfer): string {
  return `Backup ${backupId} of ${instanceId} will not be there before the cloud deletes it on ${readable(deadline)}.`;
}

function pace({ file, bytesPerSecond, neededBytesPerSecond }: LateTransfer): string {
  return `${file} comes at ${humanSize(bytesPerSecond)} a second; ${humanSize(neededBytesPerSecond)} are needed.`;
}
