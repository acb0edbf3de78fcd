/** The S3 client as this product needs it: nothing decided behind our back, bounded waiting, errors that tell what to do. */
import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { S3Client, type S3ClientConfig, S3ServiceException } from '@aws-sdk/client-s3';
import type { Clock } from '../../domain/clock.ts';
import { type Current, withCurrent } from '../../domain/current.ts';
import { type Address, addressOf } from './address.ts';
import { explainS3Error, type Place } from './errors.ts';
import { chainKeys, configuredKeys, type KeysInForce, type S3Keys } from './keys.ts';
import type { SocketGet } from './large-read.ts';
import { createPartMd5, type PartMd5 } from './part-md5.ts';
import { type ProviderName, type ProviderProfile, providerFor } from './provider-profile.ts';
import { BoundedHandler } from './request-handler.ts';

export interface S3ClientOptions {
  readonly bucket: string;
  /** Base address; AWS where absent. */
  readonly endpoint?: string;
  /** Absent: what the endpoint shows; for AWS the SDK asks for it. */
  readonly region?: string;
  readonly fips?: boolean;
  readonly dualStack?: boolean;
  /** For messages: who said so. */
  readonly toldBy?: { readonly endpoint: string; readonly region: string };
  /** Bucket in the path instead of the host name; the provider's way where absent. */
  readonly forcePathStyle?: boolean;
  /** Absent: the SDK's default chain (environment, profile, web identity, instance role). */
  readonly credentials?: Current<S3Keys>;
  /** Told when keys cannot be read any more where they lay. */
  readonly warn?: (message: string) => void;
  readonly profile?: 'auto' | ProviderName;
  /** They decide about proxies, certificates and the number of sockets; closing the store destroys them. */
  readonly agents: {
    readonly http: HttpAgent;
    readonly https: HttpsAgent;
    /** Which proxy an address is reached through, for messages. */
    readonly proxyFor?: (address: string) => string | undefined;
  };
  readonly clock: Clock;
  /** How large objects are read; absent: as small ones are. */
  readonly socketGet?: SocketGet;
}

/** Headers of a request by its protocol (`https:`), as it stands on the wire. */
export type HeadersFor = (protocol: string) => Readonly<Record<string, string>>;

/** A bucket to talk to: the SDK's client, and what all calls have in common. */
export interface Bucket {
  readonly client: S3Client;
  readonly name: string;
  readonly profile: ProviderProfile;
  readonly clock: Clock;
  /** Go with every body: where the server checks it by a header of its own, its SHA-256 is not signed on top (that costs as much as the whole download). */
  readonly payloadHeaders: HeadersFor;
  readonly partMd5: PartMd5;
  /** Ids of multipart uploads that are on their way through this client. */
  readonly uploadsInHand: Set<string>;
  /** Where its requests go. Rejects with an `ArchiverError` where nobody knows. */
  address(): Promise<Address>;
  /** Sends a request; its failure comes as an `ArchiverError` that says what was tried (`action`, on `key`), or as the signal's reason. */
  call<Output>(
    action: string,
    key: string,
    signal: AbortSignal,
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<Output>,
  ): Promise<Output>;
}

const NO_LOGGER = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/**
 * Whatever stands in the variables and shared files of AWS: what goes over the wire, and what is taken for a proof, must not depend on who
 * else uses the machine. `docs/configuration.md` names each variable; where requests go is settled before (`aws-settings.ts`).
 */
const FIXED = {
  ignoreConfiguredEndpointUrls: true,
  // The SDK's default since 3.729 is a CRC-32 in a chunked trailer, which R2, Ceph and others refuse. We send our own.
  requestChecksumCalculation: 'WHEN_REQUIRED',
  // What is read is held against the manifest's SHA-256, and another digest of the same bytes says no more.
  responseChecksumValidation: 'WHEN_REQUIRED',
  // The SDK's own back-off is the only one that repeats a single request (decision 6). A client-side limit of the rate (`adaptive`) is none.
  retryMode: 'standard',
  maxAttempts: 4,
  defaultsMode: 'legacy',
  // The one signature that every store knows.
  authSchemePreference: ['sigv4'],
  sigv4aSigningRegionSet: async () => undefined,
  // Our buckets are names, never ARNs; and directory buckets, which list in no order, the configuration refuses.
  useArnRegion: false,
  disableMultiregionAccessPoints: true,
  disableS3ExpressSessionAuth: false,
  disableClockSkewCorrection: false,
  // Several gateways never answer `Expect: 100-continue`, and each part would wait for it.
  expectContinueHeader: false,
  logger: NO_LOGGER,
} as const satisfies S3ClientConfig;

export function openBucket(options: S3ClientOptions): Bucket {
  const { bucket: name, clock } = options;
  const { profile, region } = providerFor(options.profile ?? 'auto', options.endpoint);
  const client = new S3Client(clientConfig(options, profile, options.region ?? region));
  const keys = keysFor(client, options);
  client.config.credentials = Object.assign(keys, { memoized: true });
  const { toldBy, agents } = options;
  const place = async (): Promise<Place | undefined> => {
    try {
      const { server, bucket } = await addressOf(client, name);
      return { server, toldBy: toldBy?.endpoint, proxy: agents.proxyFor?.(bucket) };
    } catch {
      // The request has failed by the same cause, which is told.
      return undefined;
    }
  };
  return {
    client,
    name,
    ...reliance(profile),
    clock,
    partMd5: createPartMd5(clock),
    uploadsInHand: new Set(),
    async address() {
      try {
        return await addressOf(client, name);
      } catch (error) {
        throw explainS3Error(error, `tell where s3://${name} is`);
      }
    },
    async call(action, key, signal, send) {
      signal.throwIfAborted();
      try {
        return await withCurrent(keys, () => send({ abortSignal: signal }), mayBeForKeys);
      } catch (error) {
        const where = await place();
        signal.throwIfAborted();
        throw explainS3Error(error, `${action} s3://${name}/${key}`, where);
      }
    },
  };
}

/** The same bucket, relied on as far as this profile says. Uploads that are on their way go on as they began. */
export function relyingOn(bucket: Bucket, profile: ProviderProfile): Bucket {
  return { ...bucket, ...reliance(profile) };
}

function reliance(profile: ProviderProfile): Pick<Bucket, 'profile' | 'payloadHeaders'> {
  return {
    profile,
    payloadHeaders: (protocol): Readonly<Record<string, string>> =>
      isBodyBound(profile, protocol) ? { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } : {},
  };
}

/**
 * Whether a body that was changed on its way is refused although its SHA-256 is not signed: the header of its check is. On a
 * clear-text connection a CRC is not enough, for who can change the body can make it fit.
 */
function isBodyBound({ bodyCheck, bodyCheckHonoured }: ProviderProfile, protocol: string): boolean {
  return bodyCheckHonoured && (bodyCheck === 'content-md5' || protocol === 'https:');
}

function clientConfig(
  options: S3ClientOptions,
  profile: ProviderProfile,
  region: string | undefined,
): S3ClientConfig {
  const { endpoint, agents, fips = false, dualStack = false } = options;
  return {
    ...FIXED,
    ...(endpoint === undefined ? {} : { endpoint, region: region ?? 'us-east-1' }),
    ...(region === undefined ? {} : { region }),
    useFipsEndpoint: fips,
    useDualstackEndpoint: dualStack,
    forcePathStyle: options.forcePathStyle ?? profile.pathStyle,
    requestHandler: new BoundedHandler(
      {
        httpAgent: agents.http,
        httpsAgent: agents.https,
        logger: NO_LOGGER,
      },
      options.clock,
      options.socketGet,
    ),
  };
}

function keysFor({ config }: S3Client, options: S3ClientOptions): KeysInForce {
  const { credentials, clock, warn = () => {} } = options;
  return credentials ? configuredKeys(credentials) : chainKeys(config.credentials, { clock, warn });
}

/** A refusal of a HEAD has no code, and stores have many for keys: it is asked again only where there are others by now. */
function mayBeForKeys(error: unknown): boolean {
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  return status === 400 || status === 401 || status === 403;
}
