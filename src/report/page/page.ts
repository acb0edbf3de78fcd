/** The status as one page for people: self-contained, calm, and true without script, colour or network. */
import { createHash } from 'node:crypto';
import type { RunSummary } from '../../domain/outcome.ts';
import type { StatusReport } from '../../domain/status.ts';
import { humanSize, readable } from '../amounts.ts';
import { CALENDAR_FORMS, CALENDAR_LEGEND } from './calendar.ts';
import { type Headline, headline, type Tally, tally } from './headline.ts';
import { html, Markup, NOTHING } from './html.ts';
import { instanceTables } from './instances.ts';
import { type Now, nowSection } from './now.ts';
import { problemSection, riskSection, warningSection } from './risks.ts';
import { runSection } from './runs.ts';
import { PAGE_SCRIPT } from './script.ts';
import { PAGE_STYLE } from './style.ts';
import { grouped, roughly } from './words.ts';

const OWN_CSP = [
  "default-src 'none'",
  `style-src '${hashOf(PAGE_STYLE)}'`,
  `script-src '${hashOf(PAGE_SCRIPT)}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The `Content-Security-Policy` to serve the page with: nothing runs and nothing loads but its own style and script. */
export const PAGE_CSP = `${OWN_CSP}; frame-ancestors 'none'`;

/** Fewer are found with the eye. */
const SEARCH_FROM = 10;

/**
 * The whole document, in UTC. `runs` in any order, the newest are shown. Ten thousand instances make about five megabytes.
 * A saved page carries its policy with it, so a name in it stays harmless wherever it is opened.
 */
export function renderPage(page: {
  readonly report: StatusReport;
  readonly runs: readonly RunSummary[];
  readonly version: string;
  /** What the runs in hand are at, where any are. */
  readonly now?: Now;
}): string {
  const { report } = page;
  const totals = tally(report);
  const said = headline(report, totals);
  return html`<!doctype html>
<html lang="en" data-made="${report.generatedAt}" data-trusted="${report.maxAgeMs}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(OWN_CSP)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${said.sentence} · rdb-archiver</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon(said).source)}">
<style>${new Markup(PAGE_STYLE)}</style>
</head>
<body>
${CALENDAR_FORMS}
${opening(report, totals, said)}
<main>
${nowSection(page.now)}${riskSection(report)}${problemSection(report)}${warningSection(report)}${instanceSection(report, totals)}${vanishedSection(report)}${runSection(page.runs)}</main>
${closing(report, page.version)}
<script type="module">${new Markup(PAGE_SCRIPT)}</script>
</body>
</html>
`.source;
}

function opening(report: StatusReport, totals: Tally, { level, sentence, detail }: Headline): Markup {
  const figures = [
    figure('Instances', grouped(totals.live)),
    figure('Stale', grouped(totals.stale), totals.stale > 0 ? 'stale' : 'calm'),
    figure('At risk', grouped(totals.atRisk.length), totals.atRisk.length > 0 ? 'risk' : 'calm'),
    figure('In quarantine', grouped(totals.quarantined), totals.quarantined > 0 ? 'damaged' : 'calm'),
    figure(`Archives, ${report.daysBack} days`, grouped(totals.archives)),
    ...(totals.bytes === undefined ? [] : [figure('Their size', humanSize(totals.bytes))]),
  ];
  return html`<header>
<p class="brand">rdb-archiver<span class="aside">As of <time datetime="${report.generatedAt}">${readable(report.generatedAt)}</time> UTC. All times are UTC.</span></p>
<p id="old" class="old" role="status" hidden>This page was made more than ${roughly(report.maxAgeMs)} ago. What it says may no longer be true.</p>
<div class="headline ${level}">${MARKS[level]}<div><h1>${sentence}</h1>${detail === '' ? NOTHING : html`<p>${detail}</p>`}</div></div>
<dl>${figures}</dl>
</header>`;
}

function figure(name: string, value: string, kind = 'plain'): Markup {
  return html`<div class="${kind}"><dt>${name}</dt><dd>${value}</dd></div>`;
}

function instanceSection({ instances }: StatusReport, { live }: Tally): Markup {
  const search =
    instances.length < SEARCH_FROM
      ? NOTHING
      : html`<p class="search" hidden><output id="found" for="find"></output><label for="find">Find</label><input id="find" type="search" autocomplete="off" spellcheck="false" placeholder="name, id or state"></p>`;
  const tables =
    live === 0
      ? html`<p class="note">The cloud lists none.</p>`
      : instanceTables(
          instances.filter(({ vanished }) => !vanished),
          'Instances',
        );
  return html`<section aria-labelledby="instances"><div class="title"><h2 id="instances">Instances</h2>${search}</div>
<div class="note"><p>Worst first. One bar a day.</p>${CALENDAR_LEGEND}</div>
${tables}</section>
`;
}

function vanishedSection({ instances }: StatusReport): Markup {
  const vanished = instances.filter((instance) => instance.vanished);
  if (vanished.length === 0) return NOTHING;
  return html`<section aria-labelledby="vanished"><h2 id="vanished">Vanished from the cloud</h2>
<p class="note">The cloud lists them no longer; their archives stay.</p>
${instanceTables(vanished, 'Vanished')}</section>
`;
}

function closing({ daysBack, exitCode }: StatusReport, version: string): Markup {
  return html`<footer><p>rdb-archiver ${version}. Read from the catalog in the destination, ${daysBack} days back. <code>rdb-archiver status --json</code> says the same to programs and ends with ${exitCode}.</p></footer>`;
}

/** A tick, an eye-catching bar, a cross: told apart without colour. */
const MARKS: Readonly<Record<Headline['level'], Markup>> = {
  well: mark('M14 24.5l7 7 13-15'),
  notice: mark('M24 13v14M24 33.5v.5'),
  trouble: mark('M24 13v14M24 33.5v.5'),
};

function mark(path: string): Markup {
  return html`<svg class="mark" viewBox="0 0 48 48" width="48" height="48" aria-hidden="true"><circle cx="24" cy="24" r="24"/><path d="${path}"/></svg>`;
}

const ICON_COLOURS: Readonly<Record<Headline['level'], string>> = {
  well: '#2c7a5b',
  notice: '#8a5a00',
  trouble: '#b3362a',
};

function icon({ level }: Headline): Markup {
  const path = level === 'well' ? 'M14 24.5l7 7 13-15' : 'M24 11v16M24 34.5v.5';
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><circle cx="24" cy="24" r="24" fill="${ICON_COLOURS[level]}"/><path d="${path}" fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
}

function hashOf(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`;
}
