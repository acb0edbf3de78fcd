/** Keys for a pod of the cloud's Kubernetes service (TKE): its service account's token is exchanged for the role's keys at STS. */
import { readFile } from 'node:fs/promises';
import type http from 'node:http';
import type https from 'node:https';
import got, { RequestError } from 'got';
import { connectionWords } from '../../domain/addresses-tried.ts';
import type { Clock } from '../../domain/clock.ts';
import { ArchiverError } from '../../domain/errors.ts';
import type { CredentialProvider, Credentials } from '../credentials.ts';
import { fieldsOf, textOf } from '../json-fields.ts';
import { shortAnswer } from '../short-answer.ts';
import { parseJson, readTemporaryKeys } from './temporary-keys.ts';

const LIFETIME_SECONDS = 7_200;

/** Set in the pod by TKE's webhook, all four together. */
const VARIABLES = ['TKE_ROLE_ARN', 'TKE_REGION', 'TKE_PROVIDER_ID', 'TKE_WEB_IDENTITY_TOKEN_FILE'] as const;

const HINT =
  "Check the service account's role and identity provider in CAM; TKE's webhook sets the TKE_… variables in the pod.";

interface TkeOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly agents: { readonly http: http.Agent; readonly https: https.Agent };
  readonly clock: Pick<Clock, 'now'>;
  /** Base address: accounts of the two sites have different ones. */
  readonly stsEndpoint: string;
}

type Identity = Readonly<Record<(typeof VARIABLES)[number], string>>;

/**
 * STS AssumeRoleWithWebIdentity (API version 2018-08-13), unsigned: the token is the proof. The token file is read each time,
 * for Kubernetes rotates it. With `TKE_ROLE_ARN` set, keys come from here or not at all.
 */
export function tkeOidc({ environment, agents, clock, stsEndpoint }: TkeOptions): CredentialProvider {
  async function exchange(identity: Identity, token: string, signal: AbortSignal): Promise<string> {
    try {
      const { body } = await shortAnswer(signal, (either) =>
        got.post(stsEndpoint, {
          signal: either,
          agent: agents,
          headers: {
            authorization: 'SKIP',
            'x-tc-action': 'AssumeRoleWithWebIdentity',
            'x-tc-version': '2018-08-13',
            'x-tc-region': identity.TKE_REGION,
            'x-tc-timestamp': String(Math.floor(clock.now() / 1000)),
          },
          json: {
            ProviderId: identity.TKE_PROVIDER_ID,
            WebIdentityToken: token,
            RoleArn: identity.TKE_ROLE_ARN,
            RoleSessionName: 'rdb-archiver',
            DurationSeconds: LIFETIME_SECONDS,
          },
          followRedirect: false,
          timeout: { request: 10_000 },
          retry: { limit: 2, methods: ['POST'], backoffLimit: 500 },
        }),
      );
      return body;
    } catch (error) {
      signal.throwIfAborted();
      // Not as the cause: the error carries the request, and with it the token.
      if (error instanceof RequestError) throw unavailable(stsEndpoint, connectionWords(error));
      throw error;
    }
  }

  return {
    name: 'TKE OIDC',
    async find(signal) {
      if (!environment['TKE_ROLE_ARN']) return { absent: 'TKE_ROLE_ARN is not set' };
      const identity = readIdentity(environment);
      const token = await readToken(identity.TKE_WEB_IDENTITY_TOKEN_FILE, signal);
      return readReply(await exchange(identity, token, signal), identity, token, stsEndpoint);
    },
  };
}

function readIdentity(environment: TkeOptions['environment']): Identity {
  const missing = VARIABLES.filter((name) => !environment[name]);
  if (missing.length > 0) {
    throw new ArchiverError('credentials', `TKE_ROLE_ARN is set, but not ${missing.join(', ')}`, {
      hint: HINT,
    });
  }
  const {
    TKE_ROLE_ARN = '',
    TKE_REGION = '',
    TKE_PROVIDER_ID = '',
    TKE_WEB_IDENTITY_TOKEN_FILE = '',
  } = environment;
  return { TKE_ROLE_ARN, TKE_REGION, TKE_PROVIDER_ID, TKE_WEB_IDENTITY_TOKEN_FILE };
}

async function readToken(path: string, signal: AbortSignal): Promise<string> {
  let token: string;
  try {
    token = (await readFile(path, { encoding: 'utf8', signal })).trim();
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new ArchiverError(
      'credentials',
      `the token file ${path} (TKE_WEB_IDENTITY_TOKEN_FILE) cannot be read: ${why}`,
      { hint: HINT, cause: error },
    );
  }
  if (token === '')
    throw new ArchiverError('credentials', `the token file ${path} (TKE_WEB_IDENTITY_TOKEN_FILE) is empty`, {
      hint: HINT,
    });
  return token;
}

function readReply(body: string, identity: Identity, token: string, endpoint: string): Credentials {
  const response = fieldsOf(fieldsOf(parseJson(body))['Response']);
  const keys = readTemporaryKeys(response['Credentials'], response['ExpiredTime']);
  if (keys !== undefined) return keys;
  const error = fieldsOf(response['Error']);
  const code = textOf(error['Code']);
  if (code === '') throw unavailable(endpoint, 'its answer is not what STS answers');
  const message = textOf(error['Message']).replaceAll(token, '[redacted]');
  const said = `${code}: ${message} (request ${textOf(response['RequestId'])})`;
  if (/^(InternalError|RequestLimitExceeded)/.test(code)) throw unavailable(endpoint, said);
  throw new ArchiverError('credentials', `STS gives no keys for the role ${identity.TKE_ROLE_ARN}: ${said}`, {
    hint: HINT,
  });
}

function unavailable(endpoint: string, why: string): ArchiverError {
  return new ArchiverError('api-unavailable', `STS at ${endpoint} gave no keys: ${why}`, {
    hint: 'Check the network to STS, and HTTPS_PROXY where there is a proxy; it is asked again with the next call.',
  });
}
