/** What both dialects are told about the account and region they speak to. */
import type http from 'node:http';
import type https from 'node:https';
import type { Clock } from '../domain/clock.ts';
import type { CallReport } from './api-client.ts';
import type { CredentialSource } from './credentials.ts';
import type { Site } from './sites.ts';

export interface TencentOptions {
  readonly name: string;
  /** Long name, for instance `ap-guangzhou`. */
  readonly region: string;
  /** Base URL to which the dialect adds its path; may hold `{region}`. Absent: the cloud's own. */
  readonly endpoint?: string;
  /** Where API 3.0 is when no endpoint is given; `auto` where absent. */
  readonly site?: Site;
  /** Zone of the cloud's wall-clock times. */
  readonly utcOffsetMinutes: number;
  readonly credentials: CredentialSource;
  /** Which of the two links to use: asked anew for each backup. */
  readonly network: (signal: AbortSignal) => Promise<'intranet' | 'extranet'>;
  readonly agents: { readonly http: http.Agent; readonly https: https.Agent };
  readonly clock: Clock;
  /** Workers that share the account's quota; 1 where absent. */
  readonly workers?: number;
  /** Told of every request on the wire. */
  readonly onCall?: (call: CallReport) => void;
}

/** The base URL with its region filled in and without a slash at the end. */
export function endpointOf(template: string, region: string): string {
  return template.replaceAll('{region}', region).replace(/\/+$/, '');
}
