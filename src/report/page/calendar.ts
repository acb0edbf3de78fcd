/**
 * The days of an instance as a strip of bars, one a day. Days that are alike are one shape, filled with a pattern: ten thousand
 * calendars stay small, and a screen reader hears "archived: … to …" and "not archived: …" instead of thirty bars.
 */
import type { DayStatus } from '../../domain/status.ts';
import { html, type Markup } from './html.ts';

/** In the calendar's own units, which are pixels where there is room. */
const DAY_WIDTH = 10;
const BAR_HEIGHT = 18;
const ROW_PITCH = 22;
/** More days go into further rows of one length. */
const MOST_A_ROW = 42;
/** More would be no calendar but wallpaper; the figures beside it count all that was looked at. */
const MOST_DAYS = 366;
/** Dates, or spans of them, that the name of a shape lists. */
const MOST_DATES = 6;

const NO_DAY: DayStatus = { day: '', archived: 0, quarantined: 0, open: 0 };

/** The worst that is said of a day decides its bar; each has a form of its own, so no colour is needed to tell them apart. */
const KINDS = ['archived', 'open', 'quarantined', 'none'] as const;
type Kind = (typeof KINDS)[number];

/** Places of days that follow each other, both inclusive. */
interface Stretch {
  readonly from: number;
  to: number;
}

/** The forms that all calendars share; once a page. */
export const CALENDAR_FORMS = html`<svg class="forms" width="0" height="0" aria-hidden="true"><defs>${[
  form('archived', html`<rect x="1" width="8" height="18" rx="2"/>`),
  form('open', html`<rect x="1.75" y=".75" width="6.5" height="16.5" rx="1.5"/>`),
  form(
    'quarantined',
    html`<rect x="1" width="8" height="18" rx="2"/><path d="M2.8 6.8l4.4 4.4M7.2 6.8l-4.4 4.4"/>`,
  ),
  form('none', html`<circle cx="5" cy="9" r="1.75"/>`),
]}</defs></svg>`;

/** What the forms mean. */
export const CALENDAR_LEGEND = html`<ul class="legend" aria-label="What the bars mean">${[
  legend('archived', 'archived'),
  legend('open', 'not archived'),
  legend('quarantined', 'damaged, in quarantine'),
  legend('none', 'nothing'),
]}</ul>`;

/** The latest of them, a year at the most. */
export function shownDays(days: readonly DayStatus[]): readonly DayStatus[] {
  return days.slice(-MOST_DAYS);
}

export function calendar(all: readonly DayStatus[]): Markup {
  const days = shownDays(all);
  const rows = Math.max(1, Math.ceil(days.length / MOST_A_ROW));
  const aRow = Math.max(1, Math.ceil(days.length / rows));
  const width = aRow * DAY_WIDTH;
  const height = (rows - 1) * ROW_PITCH + BAR_HEIGHT;
  const alike = Map.groupBy(days.keys(), (place) => wordsOf(days[place]));
  const shapes = [...alike].map(([words, places]) => {
    const outline = stretches(places, aRow).map((stretch) => rectangle(stretch, aRow));
    return html`<path role="img" class="${kindOf(days[places[0] ?? 0])}" d="${outline.join('')}"><title>${words}: ${datesOf(days, places)}</title></path>`;
  });
  return html`<svg class="days" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="group" aria-label="days">${shapes}</svg>`;
}

/** Each as long as can be, but none longer than a row of the calendar where one is given. */
function stretches(places: readonly number[], aRow = Number.POSITIVE_INFINITY): Stretch[] {
  const found: Stretch[] = [];
  for (const place of places) {
    const before = found.at(-1);
    if (before?.to === place - 1 && place % aRow !== 0) before.to = place;
    else found.push({ from: place, to: place });
  }
  return found;
}

function rectangle({ from, to }: Stretch, aRow: number): string {
  const width = (to - from + 1) * DAY_WIDTH;
  return `M${(from % aRow) * DAY_WIDTH} ${Math.floor(from / aRow) * ROW_PITCH}h${width}v${BAR_HEIGHT}h-${width}z`;
}

function datesOf(days: readonly DayStatus[], places: readonly number[]): string {
  const all = stretches(places);
  const named = all.slice(0, MOST_DATES).map(({ from, to }) => {
    const [first, last] = [days[from]?.day ?? '', days[to]?.day ?? ''];
    return first === last ? first : `${first} to ${last}`;
  });
  const rest = all.slice(MOST_DATES).reduce((count, { from, to }) => count + to - from + 1, 0);
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

function kindOf({ archived, quarantined, open } = NO_DAY): Kind {
  if (quarantined > 0) return 'quarantined';
  if (open > 0) return 'open';
  return archived > 0 ? 'archived' : 'none';
}

function wordsOf({ archived, quarantined, open } = NO_DAY): string {
  const said = [
    counted(archived, 'archived'),
    counted(quarantined, 'in quarantine'),
    counted(open, 'not archived'),
  ].filter((words) => words !== '');
  return said.length === 0 ? 'nothing archived' : said.join(', ');
}

function counted(count: number, words: string): string {
  if (count === 0) return '';
  return count === 1 ? words : `${count} ${words}`;
}

function form(kind: Kind, shapes: Markup): Markup {
  return html`<pattern id="day-${kind}" width="${DAY_WIDTH}" height="${ROW_PITCH}" patternUnits="userSpaceOnUse"><g class="form-${kind}">${shapes}</g></pattern>`;
}

function legend(kind: Kind, words: string): Markup {
  return html`<li><svg width="${DAY_WIDTH}" height="${BAR_HEIGHT}" aria-hidden="true"><rect class="${kind}" width="${DAY_WIDTH}" height="${BAR_HEIGHT}"/></svg>${words}</li>`;
}
