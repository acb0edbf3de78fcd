/**
 * What a bucket was seen to do, kept in the bucket: measured once, and again when the store, the way to it or the program is another. A cache
 * that may vanish at any time: without it a run measures anew.
 */

import { GetObjectCommand } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { readAtMost } from '../../domain/bounded.ts';
import { failing, notTried, passed, warned } from '../../domain/check.ts';
import { toEpoch, toInstant } from '../../domain/instant.ts';
import type { Bucket } from '../s3/client.ts';
import { answerOf } from '../s3/errors.ts';
import { putObject } from '../s3/put.ts';
import type { Traits } from '../s3/reliance.ts';
import { attempt, type ProbeContext, type ProbeResult } from './context.ts';

/** Where a measurement was made, and by whom: at another place it says nothing. */
export interface Circumstances {
  readonly bucket: string;
  /** As on the wire, with the bucket where that stands in the host name. */
  readonly endpoint: string;
  /** As the store calls itself in its `Server` header; null where it does not. */
  readonly server: string | null;
  /** `auto` and whom it stands for, or the name that was configured. */
  readonly profile: string;
  /** The program's version. */
  readonly archiver: string;
}

export interface Recollection {
  /** As the answer shows it now. */
  readonly now: Pick<Circumstances, 'endpoint' | 'server'>;
  readonly memory?: {
    readonly circumstances: Circumstances;
    readonly measuredAt: number;
    readonly traits: Traits;
  };
}

/** The name of the object that it is kept in, for whoever makes the keys of the probes' objects. */
export const MEMORY = 'seen.json';

const SCHEMA = 'rdb-archiver/probe@1';
const CONTENT_TYPE = 'application/json';

/** Bytes. */
const LIMIT = 64 * 1024;

const DAY = 86_400_000;

/** Milliseconds that a measurement counts for. */
const FRESH_FOR = 30 * DAY;

/** Up to so much longer, each process by its own throw: of many pods one measures, and the others find what it has seen. */
const SPREAD = 3 * DAY;

const record = z.object({
  schema: z.literal(SCHEMA),
  measuredAt: z.iso.datetime(),
  archiver: z.string(),
  bucket: z.string(),
  endpoint: z.string(),
  server: z.string().nullable(),
  profile: z.string(),
  seen: z.object({
    bodyChecks: z.array(z.enum(['content-md5', 'crc32'])).exactOptional(),
    echoes: z
      .array(z.enum(['x-amz-checksum-crc32', 'x-cos-hash-crc64ecma', 'x-oss-hash-crc64ecma']))
      .exactOptional(),
    md5Etags: z.enum(['all', 'single-put', 'none']).exactOptional(),
    ifAbsent: z.array(z.string()).exactOptional(),
    abortSparesObject: z.boolean().exactOptional(),
    lock: z.enum(['enforced', 'not-enforced', 'untold']).exactOptional(),
    versioned: z.boolean().exactOptional(),
    pagesByToken: z.boolean().exactOptional(),
  }),
});

export interface Measurer {
  readonly bucket: Bucket;
  /** Whether nobody has named the profile. */
  readonly choose: boolean;
  /** The program's version. */
  readonly version: string;
}

export function circumstancesOf(
  { bucket: { name, profile }, choose, version }: Measurer,
  wire: Recollection['now'],
): Circumstances {
  return {
    bucket: name,
    ...wire,
    profile: choose ? `auto: ${profile.name}` : profile.name,
    archiver: version,
  };
}

/** One request. Never rejects but with the signal's reason, or where nobody answers at all: what cannot be read or understood is not there. */
export async function recall(bucket: Bucket, key: string, signal: AbortSignal): Promise<Recollection> {
  const command = new GetObjectCommand({ Bucket: bucket.name, Key: key });
  const wire = watched(command);
  let text: string | undefined;
  try {
    text = await bucket.call('read', key, signal, async (options) => {
      const { Body = [] } = await bucket.client.send(command, options);
      return (await readAtMost(LIMIT, Body as AsyncIterable<Uint8Array>))?.toString();
    });
  } catch (error) {
    if (answerOf(error)?.status === undefined) throw error;
  }
  const memory = text === undefined ? undefined : decode(text);
  return { now: wire(), ...(memory && { memory }) };
}

/** Whether it still says something of this bucket. */
export function isFresh(
  { circumstances, measuredAt }: NonNullable<Recollection['memory']>,
  now: Circumstances,
  { now: time, random }: Bucket['clock'],
): boolean {
  const isSame = Object.entries(circumstances).every(
    ([name, value]) => value === now[name as keyof Circumstances],
  );
  const age = time() - measuredAt;
  // A clock that was wrong may have dated it into the future.
  return isSame && age > -SPREAD && age < FRESH_FOR + random() * SPREAD;
}

/** One request. Rejects where it cannot be kept. */
export async function remember(
  bucket: Bucket,
  key: string,
  { traits, circumstances }: { readonly traits: Traits; readonly circumstances: Circumstances },
  signal: AbortSignal,
): Promise<void> {
  const measuredAt = toInstant(bucket.clock.now());
  const text = JSON.stringify({ schema: SCHEMA, measuredAt, ...circumstances, seen: traits }, undefined, 2);
  await putObject(bucket, key, Buffer.from(`${text}\n`), {
    contentType: CONTENT_TYPE,
    ifAbsent: false,
    signal,
  });
}

/** The end of a check: what it has seen is what the next run goes by. */
export async function keepWhatWasSeen(
  context: ProbeContext,
  traits: Traits,
  { choose, version }: Omit<Measurer, 'bucket'>,
): Promise<ProbeResult> {
  const { bucket, keyOf, signal } = context;
  const key = keyOf(MEMORY);
  if (traits.bodyChecks === undefined)
    return { finding: notTried('remembered', 'the trials of the store did not come to an end') };
  const asked = await attempt(context, `GetObject ${MEMORY}`, () => recall(bucket, key, signal));
  if (!asked.ok) return { finding: failing('remembered', asked.error) };
  const circumstances = circumstancesOf({ bucket, choose, version }, asked.output.now);
  const kept = await attempt(context, `PutObject ${MEMORY}`, () =>
    remember(bucket, key, { traits, circumstances }, signal),
  );
  const facts = { key, server: circumstances.server ?? '', days: FRESH_FOR / DAY };
  const hint = 'Every run measures the store anew, which costs some requests and no safety.';
  if (!kept.ok)
    return { finding: warned('remembered', `cannot be kept: ${kept.error.message}`, hint, facts) };
  const detail = `in ${key}, for ${facts.days} days: runs go by what was seen here`;
  return { finding: passed('remembered', detail, facts) };
}

function decode(text: string): Recollection['memory'] {
  const parsed = record.safeParse(parsedJson(text));
  if (!parsed.success) return undefined;
  const { schema: _, measuredAt, seen, ...circumstances } = parsed.data;
  return { circumstances, measuredAt: toEpoch(measuredAt), traits: seen };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where the request went and who answered, whatever the answer was. */
function watched(command: GetObjectCommand): () => Recollection['now'] {
  let seen: Recollection['now'] = { endpoint: '', server: null };
  command.middlewareStack.add(
    (next) => async (args) => {
      const { protocol, hostname, port } = args.request as {
        readonly protocol: string;
        readonly hostname: string;
        readonly port?: number;
      };
      const result = await next(args);
      const { headers = {} } = result.response as { readonly headers?: Readonly<Record<string, string>> };
      const endpoint = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
      seen = { endpoint, server: headers['server'] ?? null };
      return result;
    },
    // Below the one that turns refusals into errors.
    { step: 'deserialize', name: 'watchWire', priority: 'low' },
  );
  return () => seen;
}
