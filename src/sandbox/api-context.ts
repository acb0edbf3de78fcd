/** What both APIs of the sandbox work on, and how they refuse. */
import type { Clock } from '../domain/clock.ts';
import type { Links } from './links.ts';
import type { World } from './world.ts';

export interface SandboxCredentials {
  readonly secretId: string;
  readonly secretKey: string;
  /** Session token of temporary credentials; where it is set, every call must carry it. */
  readonly token?: string;
}

export interface ApiContext {
  readonly world: World;
  readonly links: Links;
  readonly clock: Pick<Clock, 'now'>;
  readonly credentials: SandboxCredentials;
  /** Long names. */
  readonly regions: readonly string[];
  /** How long an export of a cluster edition's backup takes, and the making of a backup, in milliseconds. */
  readonly exportMs: number;
}

/** An answer in the API's own error form. The code is API 3.0's string or API 2.0's number. */
export class ApiRefusal extends Error {
  readonly code: string | number;

  constructor(code: string | number, message: string) {
    super(message);
    this.code = code;
  }
}

export function refuse(code: string | number, message: string): never {
  throw new ApiRefusal(code, message);
}

/** Both APIs refuse a timestamp that is more than five minutes off (Redis error pages of either). */
const WINDOW_MS = 5 * 60 * 1000;

/** Whether a time in unix seconds is close enough to ours. */
export function isTimely(clock: Pick<Clock, 'now'>, seconds: number): boolean {
  return Math.abs(clock.now() - seconds * 1000) <= WINDOW_MS;
}

/** A link on the host and port that the request itself came to, so that it works behind any forwarding. */
export function absolute(host: string | undefined, target: string): string {
  return `http://${host}${target}`;
}
