/** A configuration with its secrets as they are now, so that a test can look at them as at everything else. */
import type { Config } from '../../src/config/schema.ts';

export function inForce(config: Config) {
  const {
    sources,
    destination,
    notify,
    heartbeat,
    signing,
    ageIdentities,
    warnOfSecrets: _,
    ...rest
  } = config;
  return {
    ...rest,
    sources: sources.map((source) => ({ ...source, credentials: source.credentials() })),
    destination:
      destination.kind === 's3' && destination.credentials
        ? { ...destination, credentials: destination.credentials() }
        : destination,
    notify: notify.map(({ secrets, ...receiver }) => ({ ...receiver, ...secrets() })),
    ageIdentities: ageIdentities(),
    ...(heartbeat && { heartbeat: heartbeat() }),
    ...(signing && { signing: signing() }),
  };
}
