/** A short-lived download address: a bearer credential for a whole dump, so it has no printable query. */
import { inspect } from 'node:util';

/**
 * Holds a download address byte for byte. API 2.0 blobs carry raw `/ + =`, which any touch of
 * `URL.searchParams` would rewrite, so the string is kept as it came and never rebuilt.
 */
export class Link {
  readonly #address: string;
  /** When the cloud stops honouring it, in milliseconds since the epoch. */
  readonly expiresAt: number;

  constructor(address: string, expiresAt: number) {
    this.#address = address;
    this.expiresAt = expiresAt;
  }

  /** The address with its query, for the HTTP client only. */
  reveal(): string {
    return this.#address;
  }

  /** Scheme, host and path: what may stand in a log. */
  toString(): string {
    return this.#address.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//');
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
