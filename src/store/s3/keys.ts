/**
 * The keys that requests are signed with: those in force when a request is made. The AWS SDK itself keeps keys that do not lapse for the life of its
 * client, and what it has read of a file for the life of the process (3.1173).
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { getHomeDir, loadConfig, loadSharedConfigFiles } from '@smithy/core/config';
import type { Clock } from '../../domain/clock.ts';
import type { Current } from '../../domain/current.ts';
import type { Secret } from '../../domain/secret.ts';

/** As they are configured. */
export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of temporary keys. */
  readonly sessionToken?: Secret;
}

/** As the SDK wants them. */
interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Absent: they do not lapse. */
  readonly expiration?: Date;
  /** Where the SDK says that they came from. */
  readonly $source?: object;
}

/** Rejects with the SDK's error where there are none. */
export type KeysInForce = Current<Promise<Identity>>;

/** Those of our own configuration. */
export function configuredKeys(configured: Current<S3Keys>): KeysInForce {
  let seen: S3Keys | undefined;
  let revealed: Promise<Identity> | undefined;
  return () => {
    const keys = configured();
    if (revealed === undefined || keys !== seen) revealed = Promise.resolve(reveal(keys));
    seen = keys;
    return revealed;
  };
}

function reveal({ accessKeyId, secretAccessKey, sessionToken }: S3Keys): Identity {
  return {
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken && { sessionToken: sessionToken.reveal() }),
    // As the SDK says it of keys that it was handed.
    $source: { CREDENTIALS_CODE: 'e' },
  };
}

/** Milliseconds until files that led to no keys are tried again as they are: a role that they name may have been out of reach. */
const TRY_AGAIN_AFTER = 60_000;

/**
 * Those of the SDK's chain, looked for anew when one of the shared AWS files has changed. Where they lead to no usable keys then, the old ones stay in
 * use, and `warn` is told once: the next place of the chain may hold another account's.
 */
export function chainKeys(
  chain: (options?: { readonly forceRefresh: boolean }) => Promise<Identity>,
  { clock, warn }: { readonly clock: Pick<Clock, 'now'>; readonly warn: (message: string) => void },
): KeysInForce {
  let files: readonly string[] = [];
  let seen: string | undefined;
  let triedAt = 0;
  let held: Identity | undefined;
  let looking: Promise<Identity> | undefined;
  let usable = true;

  async function find(): Promise<Identity> {
    if (files.length === 0) files = await sharedFiles();
    const marks = marksOf(files);
    const isDue = !usable && clock.now() - triedAt >= TRY_AGAIN_AFTER;
    if (held !== undefined && (marks !== seen || isDue)) held = await lookAgain(held);
    else if (held === undefined || (usable && held.expiration !== undefined)) held = await chain();
    seen = marks;
    return held;
  }

  async function lookAgain(before: Identity): Promise<Identity> {
    triedAt = clock.now();
    await loadSharedConfigFiles({ ignoreCache: true });
    const found = await chain({ forceRefresh: true }).catch(() => undefined);
    const isUsable = found !== undefined && comesFromFile(found) === comesFromFile(before);
    if (!isUsable && usable)
      warn(`${files.join(' and ')} lead to no usable keys; what they led to before stays in use`);
    usable = isUsable;
    return isUsable ? found : before;
  }

  return () => {
    looking ??= find().finally(() => {
      looking = undefined;
    });
    return looking;
  };
}

/** As the SDK finds them: `~/` is the home for it, and a shell does not put that in its place in `.env` or a pod's variables. */
async function sharedFiles(): Promise<string[]> {
  const file = (variable: string, name: string) =>
    loadConfig<string>({
      environmentVariableSelector: (env) => env[variable] || undefined,
      configFileSelector: () => undefined,
      default: () => join(getHomeDir(), '.aws', name),
    })();
  const paths = await Promise.all([
    file('AWS_SHARED_CREDENTIALS_FILE', 'credentials'),
    file('AWS_CONFIG_FILE', 'config'),
  ]);
  return paths.map((path) => (path.startsWith('~/') ? join(getHomeDir(), path.slice(2)) : path));
}

/** Changes with the files: another one in its place has another number, and one that was written anew another time. */
function marksOf(files: readonly string[]): string {
  return files
    .map((file) => {
      try {
        const { dev, ino, mtimeNs, size } = statSync(file, { bigint: true });
        return `${dev}:${ino}:${mtimeNs}:${size}`;
      } catch {
        return 'none';
      }
    })
    .join();
}

function comesFromFile({ $source = {} }: Identity): boolean {
  return Object.keys($source).some((feature) => feature.includes('PROFILE'));
}
