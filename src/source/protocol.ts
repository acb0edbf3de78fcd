/** What differs between the two APIs when one call is made: how it is written and signed, and how its answer is read. */

import type { Verdict } from './api-errors.ts';
import type { Credentials } from './credentials.ts';
import type { Fields } from './json-fields.ts';

export interface ApiCall {
  readonly action: string;
  readonly parameters: Fields;
  readonly credentials: Credentials;
  /** Unix seconds, by the server's clock as far as we know it. */
  readonly timestamp: number;
}

/** A POST. Credentials travel in headers and body, never in the address. */
export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Answer =
  | { readonly ok: true; readonly data: Fields }
  | { readonly ok: false; readonly verdict: Verdict; readonly message: string };

export interface Protocol {
  /** Calls a second that the cloud documents for each action. */
  readonly quotas: Readonly<Record<string, number>>;
  sign(call: ApiCall): SignedRequest;
  /** Undefined where it is no answer of this API at all. */
  read(body: Fields): Answer | undefined;
}
