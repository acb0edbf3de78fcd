/** The kinds of setting: each a small zod schema that reads what a person writes and says what it expected. */
import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { longRegion } from '../domain/regions.ts';
import {
  DURATION_SUFFIXES,
  parseDuration,
  parseSize,
  parseUtcOffset,
  SIZE_SUFFIXES,
  suffixTrouble,
} from './units.ts';

/** How a setting that is no plain text is written in an environment variable. */
export type TextForm = 'integer' | 'boolean' | 'list';

interface SettingFacts {
  readonly meaning: string;
  readonly variable?: string;
  readonly form?: TextForm;
}

/** What zod's own description has no room for: the environment variable of a setting and how it is written there. */
export const settingFacts = z.registry<SettingFacts>();

/** Names a setting: its meaning for the documentation, its variable for the environment. */
export function setting<Schema extends z.ZodType>(schema: Schema, facts: SettingFacts): Schema {
  const described = schema.meta({ description: facts.meaning });
  settingFacts.add(described, facts);
  return described;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** `8MiB`, `1GiB` or a number of bytes; bytes come out. */
export function size({ min, max }: Bounds, range: string) {
  const expected = `expected a size ${range}, for instance 8MiB`;
  return z
    .union([z.string(), z.int({ error: expected })], { error: expected })
    .transform(orSuffixTrouble(expected, parseSize, SIZE_SUFFIXES))
    .pipe(z.number({ error: expected }).min(min, expected).max(max, expected));
}

/** `30s`, `5m`, `6h`; milliseconds come out. */
export function duration({ min, max }: Bounds, range: string) {
  const expected = `expected a duration ${range}, for instance 30s, 5m or 6h`;
  return z
    .string({ error: expected })
    .transform(orSuffixTrouble(expected, parseDuration, DURATION_SUFFIXES))
    .pipe(z.number({ error: expected }).min(min, expected).max(max, expected));
}

/** Reads a quantity; where it is its suffix that cannot be read, the refusal says so. */
function orSuffixTrouble(
  expected: string,
  parse: (text: string) => number | undefined,
  suffixes: readonly string[],
) {
  return (value: string | number, context: z.core.$RefinementCtx): number | undefined => {
    const parsed = parse(String(value));
    const trouble = parsed === undefined ? suffixTrouble(String(value), suffixes) : undefined;
    if (trouble === undefined) return parsed;
    context.addIssue({ code: 'custom', message: `${expected} (${trouble})` });
    return z.NEVER;
  };
}

export function integer({ min, max }: Bounds) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z.int({ error: expected }).min(min, expected).max(max, expected);
}

export function flag() {
  return z.boolean({ error: 'expected true or false' });
}

export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: `expected one of ${words.join(', ')}` });
}

/** A non-empty text of the given form. */
export function text(form: RegExp, what: string) {
  const expected = `expected ${what}`;
  return z.string({ error: expected }).regex(form, expected);
}

/** A store's own name, passed on as it is. */
export function storageClass() {
  return text(
    /^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
    "one of the store's storage classes, for instance STANDARD_IA",
  );
}

export function patterns(what: string) {
  const expected = `expected a list of ${what}`;
  return z.array(z.string({ error: `expected ${what}` }).min(1, `expected ${what}`), { error: expected });
}

/** Host names, `*.` and a name, addresses and networks. */
export function hosts() {
  const expected = 'expected host names, *.example.com, addresses or networks like 10.0.0.0/8';
  return z.array(z.string({ error: expected }).refine(isHostOrNetwork, expected), { error: expected });
}

const HOST_NAME = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i;

function isHostOrNetwork(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  // `1.2.3` is no name, and hardly what somebody meant.
  if (family === 0) return HOST_NAME.test(entry) && !/^[\d.]+$/.test(entry);
  const isWhole = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
  return isWhole && rest.length === 0;
}

export function utcOffset() {
  const expected = 'expected an offset from UTC, for instance +08:00';
  return z
    .string({ error: expected })
    .transform(parseUtcOffset)
    .pipe(z.number({ error: expected }));
}

/** A region in its short or long name; the long one comes out. */
export function region() {
  return text(/^([a-z]{2,6}|[a-z]{2,}(-[a-z0-9]+)+)$/, 'a region, for instance ap-guangzhou or gz').transform(
    longRegion,
  );
}

/** The base address of an HTTP service: no credentials, no query; comes out without a slash at its end. */
export function baseUrl() {
  const expected = 'expected an http:// or https:// address without credentials or query';
  return z
    .string({ error: expected })
    .refine((value) => {
      const url = URL.parse(value.replaceAll('{region}', 'region'));
      return url !== null && /^https?:$/.test(url.protocol) && !/[?#@]/.test(value);
    }, expected)
    .transform((value) => value.replace(/\/+$/, ''));
}

type Place =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'file'; readonly directory: string };

/** `s3://BUCKET/PREFIX` or `file:///DIR`. */
export function place() {
  const expected = 'expected s3://BUCKET/PREFIX or file:///DIR';
  return z
    .string({ error: expected })
    .refine((value) => !DIRECTORY_BUCKET.test(value), {
      error: 'expected a general purpose bucket: directory buckets (S3 Express) list in no order',
      abort: true,
    })
    .transform(parsePlace)
    .pipe(z.custom<Place>((value) => value !== undefined, expected));
}

/** AWS keeps the ending for them, and its SDK signs requests to them otherwise. */
const DIRECTORY_BUCKET = /^s3:\/\/[^/]+--x-s3(\/|$)/;

/** Whether a bucket can be called that is looked at with the other settings: `bucket-checks.ts`. */
const BUCKET_AND_PREFIX = /^s3:\/\/([A-Za-z0-9._-]{1,255})(?:\/([^?#]*))?$/;

function parsePlace(address: string): Place | undefined {
  const [, bucket, path = ''] = BUCKET_AND_PREFIX.exec(address) ?? [];
  if (bucket !== undefined) {
    const prefix = path.replace(/^\/+|\/+$/g, '');
    const segments = prefix.split('/');
    if (prefix !== '' && segments.some((segment) => ['', '.', '..'].includes(segment))) return undefined;
    return { kind: 's3', bucket, prefix };
  }
  if (!/^file:\/\/\/[^?#]*$/.test(address)) return undefined;
  try {
    return { kind: 'file', directory: fileURLToPath(address) };
  } catch {
    return undefined;
  }
}

/** A number of connections, or `auto`. */
export function connections() {
  const expected = 'expected `auto` or a number from 1 to 16';
  return z.union(
    [
      z.literal('auto'),
      z.coerce.number({ error: expected }).int(expected).min(1, expected).max(16, expected),
    ],
    { error: expected },
  );
}

/** `0/4`: this process takes the first of four shares of the instances. */
export function shard() {
  const expected = 'expected INDEX/COUNT with INDEX below COUNT, for instance 0/4';
  return text(/^\d{1,5}\/\d{1,5}$/, expected.replace('expected ', ''))
    .transform((value) => {
      const [index = 0, count = 0] = value.split('/').map(Number);
      return { index, count };
    })
    .refine(({ index, count }) => index < count, expected);
}
