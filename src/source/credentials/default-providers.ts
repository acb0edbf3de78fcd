/** The order in which keys are looked for: what was configured, then what the machine has been given. */
import type http from 'node:http';
import type https from 'node:https';
import type { Clock } from '../../domain/clock.ts';
import type { Current } from '../../domain/current.ts';
import type { CredentialProvider } from '../credentials.ts';
import type { MetadataService } from '../metadata.ts';
import { type ConfiguredKeys, configuredKeys } from './configured-keys.ts';
import { cvmRole } from './cvm-role.ts';
import { profileFile } from './profile-file.ts';
import { tkeOidc } from './tke-oidc.ts';

export interface ProviderOptions {
  /** From variables, or the files that they name. */
  readonly configured: Current<ConfiguredKeys>;
  /** What their variables' names begin with, for messages; `TENCENTCLOUD` where absent. */
  readonly configuredPrefix?: string;
  /** For `TKE_*` and `HOME`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For STS: these may go through a proxy. */
  readonly agents: { readonly http: http.Agent; readonly https: https.Agent };
  readonly metadata: MetadataService;
  readonly clock: Pick<Clock, 'now'>;
  /** Base address of STS. */
  readonly stsEndpoint: string;
  /** The profile file for all users of the machine; `/etc/tencentcloud/credentials` where absent. */
  readonly systemProfile?: string;
}

/** Configured keys, TKE OIDC, profile file, CVM role: the contract's order (the SDKs ask TKE last, which hides it behind the node's role). */
export function defaultProviders(options: ProviderOptions): readonly CredentialProvider[] {
  return [
    configuredKeys(options.configured, options.configuredPrefix ?? 'TENCENTCLOUD'),
    tkeOidc(options),
    profileFile(options),
    cvmRole(options.metadata),
  ];
}
