/** The kinds of setting that only `schedule` has: when to run, in which zone, and where to listen. */
import { validateDetailed } from 'node-cron';
import { z } from 'zod';

/** A cron expression of five fields, or a nickname such as `@daily`; its blanks come out single. */
export function cron() {
  return z
    .string({ error: FIVE_FIELDS })
    .transform((text) => text.trim().replaceAll(/\s+/g, ' '))
    .superRefine((text, context) => {
      const message = faultOf(text);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
}

const FIVE_FIELDS = 'expected a cron expression of five fields, for instance `17 * * * *`';
const NICKNAMES = ['@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually'];

/** node-cron's names of the fields that it finds at fault, in ours. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  minute: 'minute',
  hour: 'hour',
  dayOfMonth: 'day',
  month: 'month',
  dayOfWeek: 'weekday',
};

/** What is wrong with an expression; undefined where nothing is. */
function faultOf(text: string): string | undefined {
  const fields = text.split(' ');
  if (text === '@reboot')
    return 'expected a time, which @reboot is none: `runOnStart` makes a run at the start';
  if (text.startsWith('@'))
    return NICKNAMES.includes(text) ? undefined : `expected one of ${NICKNAMES.join(', ')}, or five fields`;
  // node-cron would read them, but a tick has the minute that it is for and no more.
  if (fields.length === 6) return 'expected five fields and no seconds: leave out the first of the six';
  const { valid, errors } = validateDetailed(text);
  if (valid) return undefined;
  const [{ field, value, message } = { field: '', value: '', message: '' }] = errors;
  if (/impossible day of month/.test(message))
    return 'expected a time that comes: this one never happens, for no month named in it has such a day';
  const name = FIELD_NAMES[field];
  return name === undefined ? FIVE_FIELDS : `${FIVE_FIELDS} (${name}: ${value})`;
}

/**
 * `UTC`, an offset, or a name of the IANA time zone database with its region. Everything else that a runtime takes for a zone is refused: `CST` is
 * Shanghai's own name for its time, and Node takes it for Chicago's, fourteen hours off.
 */
export function timezone() {
  return z.string({ error: A_ZONE }).superRefine((name, context) => {
    if (isTimezone(name)) return;
    const meant = NAMESAKES[name.toUpperCase()];
    const message = meant === undefined ? A_ZONE : `${A_ZONE} (for ${name} perhaps ${meant.join(' or ')})`;
    context.addIssue({ code: 'custom', message });
  });
}

const A_ZONE = 'expected a time zone by its region and city, for instance Asia/Shanghai, or UTC';

/** Every name that is worth suggesting. */
export function timezoneNames(): readonly string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}

/** Where a server listens. */
export interface ListenAddress {
  /** Absent: every address of the machine, of both families. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** `:8080`, `0.0.0.0:8080`, `[::]:8080` or `localhost:8080`. */
export function listenAddress() {
  const expected = 'expected HOST:PORT, for instance :8080, 127.0.0.1:8080 or [::1]:8080';
  return z
    .string({ error: expected })
    .transform(parseListenAddress)
    .pipe(z.custom<ListenAddress>((value) => value !== undefined, expected));
}

/** The address as `listenAddress` reads it. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host?.includes(':') ? `[${host}]` : (host ?? '')}:${port}`;
}

/** The defaults, right without a look at the tables of all zones, which take 10 ms and 6 MB of a start. */
const KNOWN_TIMEZONES: ReadonlySet<string> = new Set(['UTC', 'Asia/Shanghai']);

/** Whoever writes one of these means one of those. */
const NAMESAKES: Readonly<Record<string, readonly string[]>> = {
  ACST: ['Australia/Adelaide'],
  AEST: ['Australia/Sydney', 'Australia/Brisbane'],
  AEDT: ['Australia/Sydney'],
  AST: ['America/Halifax', 'Asia/Riyadh'],
  AWST: ['Australia/Perth'],
  BRT: ['America/Sao_Paulo'],
  BST: ['Europe/London', 'Asia/Dhaka'],
  CAT: ['Africa/Maputo'],
  CDT: ['America/Chicago'],
  CEST: ['Europe/Berlin'],
  CET: ['Europe/Berlin'],
  CST: ['Asia/Shanghai', 'America/Chicago'],
  CTT: ['Asia/Shanghai'],
  EAT: ['Africa/Nairobi'],
  EDT: ['America/New_York'],
  EEST: ['Europe/Helsinki'],
  EET: ['Europe/Helsinki'],
  EST: ['America/New_York'],
  HKT: ['Asia/Hong_Kong'],
  HONGKONG: ['Asia/Hong_Kong'],
  HST: ['Pacific/Honolulu'],
  ICT: ['Asia/Bangkok', 'Asia/Ho_Chi_Minh'],
  IST: ['Asia/Kolkata', 'Europe/Dublin', 'Asia/Jerusalem'],
  JAPAN: ['Asia/Tokyo'],
  JST: ['Asia/Tokyo'],
  KST: ['Asia/Seoul'],
  MDT: ['America/Denver'],
  MSK: ['Europe/Moscow'],
  MST: ['America/Denver', 'America/Phoenix'],
  MYT: ['Asia/Kuala_Lumpur'],
  NZST: ['Pacific/Auckland'],
  PDT: ['America/Los_Angeles'],
  PHT: ['Asia/Manila'],
  PKT: ['Asia/Karachi'],
  PRC: ['Asia/Shanghai'],
  PST: ['America/Los_Angeles', 'Asia/Manila'],
  ROC: ['Asia/Taipei'],
  ROK: ['Asia/Seoul'],
  SGT: ['Asia/Singapore'],
  SINGAPORE: ['Asia/Singapore'],
  SST: ['Asia/Singapore', 'Pacific/Pago_Pago'],
  WEST: ['Europe/Lisbon'],
  WET: ['Europe/Lisbon'],
  WIB: ['Asia/Jakarta'],
};

const UNMISTAKABLE = /^(UTC|GMT|[+-]\d\d:?\d\d|[a-z_]+\/[a-z0-9_+/-]+)$/i;

function isTimezone(name: string): boolean {
  if (KNOWN_TIMEZONES.has(name)) return true;
  if (!UNMISTAKABLE.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const ADDRESS = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))?:(\d{1,5})$/i;

function parseListenAddress(text: string): ListenAddress | undefined {
  const [matched, v6, name, digits] = ADDRESS.exec(text.trim()) ?? [];
  const port = Number(digits);
  if (matched === undefined || port > 65_535) return undefined;
  const host = v6 ?? name;
  return host === undefined ? { port } : { host, port };
}
