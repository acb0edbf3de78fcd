/** The cloud's keys, wherever they come from: found, kept until shortly before they lapse, and shared by all callers. */
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
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
  /** Keys fetched anew, for when the cloud refuses those in hand (`AuthFailure.TokenFailure`). Rejects as `current` does. */
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
}

interface Held {
  readonly credentials: Credentials;
  refreshAt: number;
}

/**
 * Keys from the first provider that has some. At most one search runs at a time, whoever asks; a failure is not remembered,
 * and while the old keys are still good it is not even noticed.
 */
export function createCredentials({ providers, clock }: CredentialsOptions): CredentialSource {
  let held: Held | undefined;

  const refresh = singleFlight(async (signal) => {
    const credentials = await search(providers, signal);
    held = { credentials, refreshAt: nextRefresh(credentials, clock.now()) };
    return credentials;
  });

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

async function search(providers: readonly CredentialProvider[], signal: AbortSignal): Promise<Credentials> {
  const tried: string[] = [];
  for (const provider of providers) {
    const found = await provider.find(signal);
    if (!('absent' in found)) return found;
    tried.push(`${provider.name}: ${found.absent}`);
  }
  throw new ArchiverError('credentials', `no credentials for the cloud were found (${tried.join('; ')})`, {
    hint: 'Set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or one of the other sources named in the message.',
  });
}

/** The margin before they lapse, or half of what is left where that is later: keys that live shorter than the margin are not fetched at every call. */
function nextRefresh({ expiresAt }: Credentials, now: number): number {
  if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
  const left = expiresAt - now;
  return now + Math.max(left - REFRESH_MARGIN_MS, left / 2);
}

function isGood({ expiresAt }: Credentials, now: number): boolean {
  return expiresAt === undefined || now < expiresAt;
}
