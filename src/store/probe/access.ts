/** Whether the store turns away who has no key, or a wrong one. */
import { GetObjectCommand, ListObjectsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { notTried, passed, warned } from '../../domain/check.ts';
import { digestWhole } from '../s3/body-digest.ts';
import { bodyCheck } from '../s3/put.ts';
import { attempt, type Probe, type ProbeContext } from './context.ts';
import { SOUND } from './digest-trial.ts';

/** What it tries to put. */
export const ACCESS_NAME = 'checked';

/**
 * A store that checks no signature takes any key for the right one, and one that is public asks for none: archives are then as safe as the
 * network alone. Asks for a listing, for the object of `probeWriteRead`, and to put one more of the probe's own.
 */
export const probeAccess: Probe = async (context) => {
  const wrongKey = await askedWith('with a wrong key', withWrongKey, context);
  const noKey = await askedWith('without a key', withoutKey, context);
  const facts = { wrongKey: words(wrongKey.may), noKey: words(noKey.may) };
  const found = [
    ...(wrongKey.may.length > 0 ? [`a wrong key may ${facts.wrongKey}`] : []),
    ...(noKey.may.length > 0 ? [`without any key one may ${facts.noKey}`] : []),
  ];
  if (found.length > 0) {
    const { server } = await context.bucket.address();
    const hint = `So can whoever reaches ${server}: have it check signatures and make the bucket private, or let nobody else into its network.`;
    return { finding: warned('access', found.join(', and '), hint, facts) };
  }
  if (wrongKey.unknown || noKey.unknown)
    return { finding: notTried('access', 'the store failed instead of refusing') };
  return { finding: passed('access', 'a wrong key is refused, and so is none', facts) };
};

interface Welcome {
  /** What was not refused. */
  readonly may: readonly string[];
  /** Something was neither given nor refused. */
  readonly unknown: boolean;
}

async function askedWith(as: string, disguise: Disguise, context: ProbeContext): Promise<Welcome> {
  const may: string[] = [];
  let unknown = false;
  for (const [what, send] of Object.entries(REQUESTS)) {
    const { bucket, signal } = context;
    const ask = () => bucket.call(what, context.keyOf(''), signal, send(context, disguise));
    const { ok, answer } = { answer: undefined, ...(await attempt(context, `${what} ${as}`, ask)) };
    if (ok) may.push(what);
    else unknown ||= answer?.status === undefined || answer.status < 400 || answer.status >= 429;
  }
  return { may, unknown };
}

type Send = (options: { readonly abortSignal: AbortSignal }) => Promise<unknown>;

const REQUESTS: Readonly<Record<string, (context: ProbeContext, disguise: Disguise) => Send>> = {
  // By the first version of the call, which every store knows.
  list: ({ bucket: { client, name }, keyOf }, disguise) => {
    const command = new ListObjectsCommand({ Bucket: name, Prefix: keyOf(''), MaxKeys: 1 });
    command.middlewareStack.addRelativeTo(inDisguise(disguise), AFTER_SIGNING);
    return (options) => client.send(command, options);
  },
  read: ({ bucket: { client, name }, keyOf }, disguise) => {
    const command = new GetObjectCommand({ Bucket: name, Key: keyOf('object') });
    command.middlewareStack.addRelativeTo(inDisguise(disguise), AFTER_SIGNING);
    return async (options) => (await client.send(command, options)).Body?.transformToByteArray();
  },
  write: ({ bucket: { client, name, profile }, keyOf }, disguise) => {
    const check = bodyCheck(profile, digestWhole(SOUND, profile));
    const command = new PutObjectCommand({ Bucket: name, Key: keyOf(ACCESS_NAME), Body: SOUND, ...check });
    command.middlewareStack.addRelativeTo(inDisguise(disguise), AFTER_SIGNING);
    return (options) => client.send(command, options);
  },
};

/** Changes a request after it was signed. */
type Disguise = (headers: Record<string, string>) => void;

/** Another key signs the same request with other digits. */
const withWrongKey: Disguise = (headers) => {
  const [before = '', signature = ''] = (headers['authorization'] ?? '').split('Signature=');
  const others = signature.replaceAll(/./g, (digit) => ((Number.parseInt(digit, 16) + 1) % 16).toString(16));
  headers['authorization'] = `${before}Signature=${others}`;
};

const withoutKey: Disguise = (headers) => {
  for (const name of ['authorization', 'x-amz-security-token', 'x-amz-date']) delete headers[name];
};

const AFTER_SIGNING = {
  name: 'disguise',
  relation: 'after',
  toMiddleware: 'httpSigningMiddleware',
} as const;

function inDisguise(disguise: Disguise) {
  return <Arguments extends { readonly request: unknown }, Result>(next: (args: Arguments) => Result) =>
    (args: Arguments): Result => {
      disguise((args.request as { readonly headers: Record<string, string> }).headers);
      return next(args);
    };
}

function words(allowed: readonly string[]): string {
  return allowed.join(', ') || 'nothing';
}
