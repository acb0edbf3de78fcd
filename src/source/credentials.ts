/** The cloud's keys, wherever they come from: found, kept until shortly before they lapse, and shared by all callers. */
import type { Clock } from '../domain/clock.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import { singleFlight } from './single-flight.ts';

/** Temporary keys are replaced so long before they lapse: a call that starts with them must also end with them (the Python SDK's margin). */
const REFRESH_MARGIN_MS = 5 * 60 * 1000;

export interface Credentials {
  readonly secretId: string;
  readonly secretKey: Secret;
  /** The session token of temporary credentials. */
  readonly token?: Secret;
  /** When they lapse, in milliseconds since the epoch; absent for keys that do not. */
  readonly expiresAt?: number;
}

export interface CredentialSource {
  /** Keys that are good now. Rejects with `credentials` or `api-unavailable`, or with the signal's reason. */
  current(signal: AbortSignal): Promise<Credentials>;
  /** Keys fetched anew, for when the cloud refuses those in hand; the same object where there are no others. Rejects as `current` does. */
  refresh(signal: AbortSignal): Promise<Credentials>;
}

/** Why a provider has no keys, in words that follow its name: `TKE_ROLE_ARN is not set`. */
export interface Absence {
  readonly absent: string;
}

/** One place where keys may be had. */
export interface CredentialProvider {
  /** For messages, for instance `CVM role`. */
  readonly name: string;
  /**
   * The keys, or why there are none here. Rejects with an `ArchiverError` where keys were clearly meant to come from here but
   * cannot be had: going on would end in another account's keys.
   */
  find(signal: AbortSignal): Promise<Credentials | Absence>;
}

interface CredentialsOptions {
  /** Asked in this order, all of them anew for each refresh; the first that has keys wins. */
  readonly providers: readonly CredentialProvider[];
  readonly clock: Pick<Clock, 'now'>;
  /** Told once when keys that lie in a file cannot be read there any more; until they can be the old ones stay in use. */
  readonly warn?: (message: string) => void;
}

interface Found {
  readonly credentials: Credentials;
  readonly provider: CredentialProvider;
}

interface Held extends Found {
  refreshAt: number;
}

/**
 * Keys from the first provider that has some. At most one search runs at a time, whoever asks; a failure is not remembered,
 * and while the old keys are still good it is not even noticed.
 *
 * Keys that do not lapse lie in a variable or a file, where others may lie at any time. So they are looked at for each use, and only where they came
 * from: the file that is not there for a moment must not end in another account's keys.
 */
export function createCredentials({ providers, clock, warn }: CredentialsOptions): CredentialSource {
  let held: Held | undefined;
  let usable = true;

  function hold(found: Found): Credentials {
    held = { ...found, refreshAt: nextRefresh(found.credentials, clock.now()) };
    return found.credentials;
  }

  const search = singleFlight(async (signal) => hold(await firstOf(providers, signal)));

  async function lookAgain({ provider, credentials }: Held, signal: AbortSignal): Promise<Credentials> {
    try {
      const found = await firstOf([provider], signal);
      usable = true;
      return isSame(found.credentials, credentials) ? credentials : hold(found);
    } catch (error) {
      signal.throwIfAborted();
      if (usable) warn?.(`${asArchiverError(error).message}; the keys that stood there before stay in use`);
      usable = false;
      return credentials;
    }
  }

  async function refresh(signal: AbortSignal): Promise<Credentials> {
    const lapses = held?.credentials.expiresAt !== undefined;
    return held === undefined || lapses ? search(signal) : lookAgain(held, signal);
  }

  return {
    refresh,
    async current(signal) {
      signal.throwIfAborted();
      if (held !== undefined && clock.now() < held.refreshAt) return held.credentials;
      try {
        return await refresh(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (held === undefined || !isGood(held.credentials, clock.now())) throw error;
        held.refreshAt = nextRefresh(held.credentials, clock.now());
        return held.credentials;
      }
    },
  };
}

async function firstOf(providers: readonly CredentialProvider[], signal: AbortSignal): Promise<Found> {
  const tried: string[] = [];
  for (const provider of providers) {
    const found = await provider.find(signal);
    if (!('absent' in found)) return { credentials: found, provider };
    tried.push(`${provider.name}: ${found.absent}`);
  }
  throw new ArchiverError('credentials', `no credentials for the cloud were found (${tried.join('; ')})`, {
    hint: 'Set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or one of the other sources named in the message.',
  });
}

function isSame(one: Credentials, other: Credentials): boolean {
  return (
    one.secretId === other.secretId &&
    one.secretKey.reveal() === other.secretKey.reveal() &&
    one.token?.reveal() === other.token?.reveal()
  );
}

/**
 * The margin before they lapse, or half of what is left where that is later: keys that live shorter than the margin are not fetched at every call.
 * Those that do not lapse are looked at for each use.
 */
function nextRefresh({ expiresAt }: Credentials, now: number): number {
  if (expiresAt === undefined) return now;
  const left = expiresAt - now;
  return now + Math.max(left - REFRESH_MARGIN_MS, left / 2);
}

function isGood({ expiresAt }: Credentials, now: number): boolean {
  return expiresAt === undefined || now < expiresAt;
}
