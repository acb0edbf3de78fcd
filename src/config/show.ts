/** The configuration in force, as the file would say it: what `config show` prints. No secret is in it, only whether there is one. */
import { stringify } from 'yaml';
import type { Config, DestinationConfig, SourceConfig } from './schema.ts';
import { formatDuration, formatSize, formatUtcOffset } from './units.ts';

/** YAML. Keys are shown as `[redacted]`, passwords in proxy addresses too. */
export function showConfig(config: Config): string {
  const {
    sources,
    destination,
    partSize,
    bufferMemory,
    stallTimeoutMs,
    runDeadlineMs,
    bandwidth,
    shard,
    ...rest
  } = config;
  const { log, environment, ...plain } = rest;
  return stringify({
    sources: sources.map(sourceView),
    destination: destinationView(destination),
    ...plain,
    partSize: formatSize(partSize),
    bufferMemory: formatSize(bufferMemory),
    stallTimeout: formatDuration(stallTimeoutMs),
    runDeadline: formatDuration(runDeadlineMs),
    bandwidth: bandwidth === undefined ? 'none' : `${formatSize(bandwidth)} a second`,
    shard: `${shard.index}/${shard.count}`,
    log,
    environment: Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, withoutPassword(value)]),
    ),
  });
}

function sourceView({ utcOffsetMinutes, credentials, ...source }: SourceConfig) {
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

function destinationView(destination: DestinationConfig) {
  if (destination.kind === 'file') return { url: `file://${destination.directory}` };
  const { kind: _kind, bucket, prefix, credentials, ...rest } = destination;
  return {
    url: `s3://${bucket}/${prefix}`,
    ...rest,
    credentials:
      credentials === undefined
        ? "none given: the AWS SDK's default chain"
        : { accessKeyId: credentials.accessKeyId, secretAccessKey: '[redacted]' },
  };
}

function withoutPassword(address: string): string {
  return address.replace(/\/\/[^/]*@/, '//[redacted]@');
}
