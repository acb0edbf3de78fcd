/** The kinds of setting that only `schedule` has: when to run, in which zone, and where to listen. */
import { validateDetailed } from 'node-cron';
import { z } from 'zod';

/** A cron expression of five fields, or a nickname such as `@daily`; its blanks come out single. */
export function cron() {
  const expected = 'expected a cron expression of five fields, for instance `17 * * * *`';
  return z
    .string({ error: expected })
    .transform((text) => text.trim().replaceAll(/\s+/g, ' '))
    .refine((text) => {
      const { valid, fields } = validateDetailed(text);
      // node-cron reads a sixth field, in front, as seconds; a tick has the minute that it is for and no more.
      return valid && fields?.second.join() === '0';
    }, expected);
}

/** A name of the IANA time zone database, in its own spelling. */
export function timezone() {
  const expected = 'expected a time zone, for instance Asia/Shanghai';
  return z.string({ error: expected }).refine(isTimezone, expected);
}

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

/** `0.0.0.0:8080`, `[::]:8080`, `:8080` or `localhost:8080`. */
export function listenAddress() {
  const expected = 'expected HOST:PORT, for instance 0.0.0.0:8080, [::]:8080 or :8080';
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

function isTimezone(name: string): boolean {
  if (KNOWN_TIMEZONES.has(name)) return true;
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
