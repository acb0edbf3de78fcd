/** The instances, worst first: the first few open to the eye, thousands folded away. */
import type { InstanceStatus } from '../../domain/status.ts';
import { humanSize, readable } from '../amounts.ts';
import { calendar, shownDays } from './calendar.ts';
import { html, type Markup, NOTHING } from './html.ts';
import { grouped, roughly, roughlyHours, some } from './words.ts';

/** As many as a person reads without searching. */
const UNFOLDED = 25;
/** Few folds to look through, and each opens in a moment. */
const A_FOLD = 1000;

interface State {
  readonly kind: 'risk' | 'stale' | 'damaged' | 'waiting' | 'well' | 'vanished';
  readonly word: string;
}

/** `what` names them in the tables' captions. */
export function instanceTables(instances: readonly InstanceStatus[], what: string): Markup {
  const folded = instances.slice(UNFOLDED);
  const folds = Array.from({ length: Math.ceil(folded.length / A_FOLD) }, (_, place) =>
    fold(folded.slice(place * A_FOLD, (place + 1) * A_FOLD), UNFOLDED + place * A_FOLD, what),
  );
  return html`${table(instances.slice(0, UNFOLDED), what)}${folds}`;
}

function fold(instances: readonly InstanceStatus[], before: number, what: string): Markup {
  const range = `${grouped(before + 1)} to ${grouped(before + instances.length)}`;
  const well = instances.filter((instance) => stateOf(instance).kind === 'well').length;
  const rest = instances.length - well;
  const split = [
    ...(rest > 0 ? [`${grouped(rest)} to look at`] : []),
    ...(well > 0 ? [`${grouped(well)} archived`] : []),
  ].join(', ');
  return html`<details><summary>${what} ${range}<span class="aside">${split}</span></summary>${table(instances, `${what} ${range}`)}</details>`;
}

function table(instances: readonly InstanceStatus[], caption: string): Markup {
  if (instances.length === 0) return NOTHING;
  return html`<table class="instances"><caption class="unseen">${caption}</caption>
<thead><tr><th scope="col">Instance</th><th scope="col">State</th><th scope="col">${span(instances[0])}</th><th scope="col">Newest archive</th><th scope="col">Archives</th></tr></thead>
<tbody>
${instances.map(row)}</tbody></table>`;
}

function span(instance: InstanceStatus | undefined): string {
  const days = shownDays(instance?.days ?? []);
  const [first, last] = [days.at(0)?.day, days.at(-1)?.day];
  return first === undefined || last === undefined ? 'Days' : `${first} to ${last}`;
}

function row(instance: InstanceStatus): Markup {
  const state = stateOf(instance);
  const details = detailsOf(instance);
  return html`<tr><th scope="row"><bdi>${instance.name || instance.instanceId}</bdi><small>${instance.instanceId} · <bdi>${where(instance)}</bdi></small></th><td class="${state.kind}"><b>${state.word}</b>${details === '' ? NOTHING : html`<small>${details}</small>`}</td><td>${calendar(instance.days)}</td><td>${newest(instance)}</td><td>${grouped(instance.archives)}${size(instance)}</td></tr>
`;
}

function size({ bytes }: InstanceStatus): Markup {
  return bytes === undefined ? NOTHING : html`<small>${humanSize(bytes)}</small>`;
}

function where({ source, region }: InstanceStatus): string {
  return source === region ? source : `${source}, ${region}`;
}

function newest({ newest: archive, ageMs }: InstanceStatus): Markup {
  if (archive === undefined) return html`none`;
  const age = ageMs === undefined ? NOTHING : html`<small>${roughly(ageMs)} old</small>`;
  return html`${readable(archive.startedAt)}${age}`;
}

function stateOf({ open, stale, vanished }: InstanceStatus): State {
  if (open.some(({ atRisk }) => atRisk)) return { kind: 'risk', word: 'At risk' };
  if (vanished) return { kind: 'vanished', word: 'Vanished' };
  if (stale) return { kind: 'stale', word: 'Stale' };
  if (open.some(({ quarantined }) => quarantined)) return { kind: 'damaged', word: 'Damaged' };
  if (open.some(({ state }) => state !== 'expired')) return { kind: 'waiting', word: 'Waiting' };
  return { kind: 'well', word: 'Archived' };
}

function detailsOf({ open, stale, vanished, newest: archive, keyless }: InstanceStatus): string {
  const risks = open.filter(({ atRisk }) => atRisk);
  const first = Math.min(...risks.map(({ hoursLeft }) => hoursLeft));
  const count = (words: string, which: (backup: (typeof open)[number]) => boolean): string => {
    const found = open.filter(which).length;
    return found === 0 ? '' : `${grouped(found)} ${words}`;
  };
  return [
    risks.length === 0 ? '' : `${some(risks.length, 'backup')}, ${roughlyHours(first)} left`,
    stale && (risks.length > 0 || vanished) ? 'stale' : '',
    archive === undefined ? 'no archive' : '',
    keyless === undefined
      ? ''
      : `${grouped(keyless.archives)} without ${keyless.archives === 1 ? 'its' : 'their'} key`,
    count('in quarantine', ({ quarantined }) => quarantined),
    count('waiting', ({ atRisk, quarantined, state }) => !atRisk && !quarantined && state === 'available'),
    count('not ready', ({ atRisk, quarantined, state }) => !atRisk && !quarantined && state === 'not-ready'),
    count('expired unarchived', ({ state, quarantined }) => !quarantined && state === 'expired'),
  ]
    .filter((words) => words !== '')
    .join('; ');
}
