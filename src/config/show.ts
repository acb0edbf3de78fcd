/** The configuration in force, as the file would say it: what `config show` prints. No secret is in it, only whether there is one. */
import { Document, isNode } from 'yaml';
import type { CheckFacts } from '../domain/check.ts';
import type { Secret } from '../domain/secret.ts';
import { formatUtcOffset, zoneNow } from '../domain/wall-clock.ts';
import { formatListenAddress } from './daemon-fields.ts';
import { retentionView } from './retention-settings.ts';
import type { Config, DestinationConfig, ReceiverConfig, SigningConfig, SourceConfig } from './schema.ts';
import { formatDuration, formatSize } from './units.ts';

export interface ShowOptions {
  /** What became of the destination's settings. */
  readonly inForce?: CheckFacts;
  /** Milliseconds since the epoch; where given, the zone's offset is shown as it is then. */
  readonly now?: number;
}

/** YAML. Keys are shown as `[redacted]`, passwords in proxy addresses too. */
export function showConfig(config: Config, { inForce = {}, now }: ShowOptions = {}): string {
  const {
    sources,
    destination,
    partSize,
    bufferMemory,
    stallTimeoutMs,
    minimumRate,
    largestDump,
    allowedHosts,
    runDeadlineMs,
    staleUploadAgeMs,
    bandwidth,
    shard,
    jitterMs,
    httpListen,
    ...rest
  } = config;
  const { log, environment, notify, heartbeat, signing, drill, retention, ageIdentities, ...others } = rest;
  const { warnOfSecrets: _, ...plain } = others;
  const view = new Document({
    sources: sources.map(sourceView),
    destination: destinationView(destination, inForce),
    ...plain,
    partSize: formatSize(partSize),
    bufferMemory: formatSize(bufferMemory),
    stallTimeout: formatDuration(stallTimeoutMs),
    allowedHosts,
    largestDump: formatSize(largestDump),
    minimumRate: minimumRate === 0 ? 'none' : `${formatSize(minimumRate)} a second`,
    runDeadline: formatDuration(runDeadlineMs),
    staleUploadAge: formatDuration(staleUploadAgeMs),
    bandwidth: bandwidth === undefined ? 'none' : `${formatSize(bandwidth)} a second`,
    shard: `${shard.index}/${shard.count}`,
    jitter: jitterMs === 0 ? 'none' : formatDuration(jitterMs),
    httpListen: formatListenAddress(httpListen),
    notify: notify.map(receiverView),
    retention: retention.map(retentionView),
    heartbeat: heartbeat === undefined ? 'none' : originOnly(heartbeat()),
    signing: signing === undefined ? 'none' : signingView(signing()),
    drill: drillView(drill),
    ageIdentities: ageIdentities().map(() => '[redacted]'),
    log,
    environment: Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, withoutPassword(value)]),
    ),
  });
  const zone = view.get('timezone', true);
  if (now !== undefined && isNode(zone)) zone.comment = ` UTC${zoneNow(config.timezone, now).utcOffset} now`;
  return view.toString();
}

function sourceView({ utcOffsetMinutes, credentials: current, ...source }: SourceConfig) {
  const credentials = current();
  return {
    ...source,
    utcOffset: formatUtcOffset(utcOffsetMinutes),
    credentials:
      credentials.secretId === undefined
        ? 'none given: TKE OIDC, profile file or CVM role'
        : {
            secretId: credentials.secretId,
            secretKey: '[redacted]',
            ...(credentials.token ? { token: '[redacted]' } : {}),
          },
  };
}

function destinationView(destination: DestinationConfig, inForce: CheckFacts) {
  if (destination.kind === 'file') return { url: `file://${destination.directory}` };
  const { kind: _kind, bucket, prefix, credentials, ...rest } = destination;
  return {
    url: `s3://${bucket}/${prefix}`,
    ...rest,
    credentials:
      credentials === undefined
        ? "none given: the AWS SDK's default chain"
        : { accessKeyId: credentials().accessKeyId, secretAccessKey: '[redacted]' },
    ...(Object.keys(inForce).length > 0 && { inForce }),
  };
}

function receiverView({ secrets, intervalMs, ...receiver }: ReceiverConfig) {
  const { url, secret, token } = secrets();
  return {
    ...receiver,
    url: originOnly(url),
    ...(secret && { secret: '[redacted]' }),
    ...(token && { token: '[redacted]' }),
    interval: formatDuration(intervalMs),
  };
}

function drillView({ searchPath: _path, rules, ...drill }: Config['drill']) {
  const limit = (name: string, milliseconds: number | undefined) =>
    milliseconds === undefined ? {} : { [name]: formatDuration(milliseconds) };
  return {
    ...drill,
    rules: rules.map((rule) => ({
      ...rule,
      ttl: rule.ttl.map(({ key, atLeast, atMost }) => ({
        key,
        ...limit('atLeast', atLeast),
        ...limit('atMost', atMost),
      })),
    })),
  };
}

function signingView({ signing, trusted, since }: SigningConfig) {
  return {
    signsWith: signing === undefined ? 'nothing' : `key ${signing.id}`,
    trusts: trusted.map(({ id }) => `key ${id}`),
    ...(since === undefined ? {} : { since }),
  };
}

/** A webhook's path or query is what lets one in. */
function originOnly(address: Secret): string {
  return `${new URL(address.reveal()).origin}/[redacted]`;
}

function withoutPassword(address: string): string {
  return address.replace(/\/\/[^/]*@/, '//[redacted]@');
}
