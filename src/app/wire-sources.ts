/** Part of the composition root: each configured source with its dialect, credentials, network and selection. */

import type { Target } from '../archiver/survey.ts';
import type { Config, SourceConfig } from '../config/schema.ts';
import type { Clock } from '../domain/clock.ts';
import type { Agents } from '../network/agents.ts';
import type { Observer } from '../report/observer.ts';
import type { CallReport } from '../source/api-client.ts';
import { defaultProviders } from '../source/credentials/default-providers.ts';
import { createCredentials } from '../source/credentials.ts';
import { createMetadataService, type MetadataService } from '../source/metadata.ts';
import { siteOf, stsEndpoint } from '../source/sites.ts';
import { createTencentV2 } from '../source/tencent-v2.ts';
import { createTencentV3 } from '../source/tencent-v3.ts';

interface SourcePorts {
  readonly agents: Agents;
  /** For the metadata service, which no proxy may answer for. */
  readonly direct: Agents;
  readonly clock: Clock;
  readonly observer: Observer;
  /** Told of keys that cannot be read any more where they lay. */
  readonly warnOfSecret: (message: string) => void;
}

export function createSources(config: Config, ports: SourcePorts): Target[] {
  const metadata = createMetadataService({ agents: ports.direct });
  return config.sources.map((source) => {
    const { instances, exclude, names, tags } = source;
    return {
      source: createSource(source, config, metadata, ports),
      selection: { instances, exclude, names, tags },
    };
  });
}

function createSource(
  source: SourceConfig,
  config: Config,
  metadata: MetadataService,
  { agents, clock, observer, warnOfSecret }: SourcePorts,
): Target['source'] {
  const { name, region, endpoint, site, utcOffsetMinutes, exportClusters, network } = source;
  const providers = defaultProviders({
    configured: source.credentials,
    environment: config.environment,
    agents,
    metadata,
    clock,
    stsEndpoint: stsEndpoint(siteOf(site, endpoint)),
  });
  const options = {
    name,
    region,
    ...(endpoint !== undefined && { endpoint }),
    site,
    utcOffsetMinutes,
    credentials: createCredentials({ providers, clock, warn: warnOfSecret }),
    network: async (signal: AbortSignal) => (network === 'auto' ? metadata.detectNetwork(signal) : network),
    agents,
    clock,
    workers: config.shard.count,
    onCall: (call: CallReport) => observer({ type: 'api.call', source: name, region, ...call }),
  };
  return source.api === 'tencent-v3'
    ? createTencentV3(options)
    : createTencentV2({ ...options, exportClusters });
}
