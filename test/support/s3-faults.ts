/** Switches of the S3 stand-in: what goes wrong, at which request, and gates that hold a request until a test lets it go. */

import type { Answer } from './s3-behaviour.ts';

export type S3Operation =
  | 'ListObjects'
  | 'ListObjectsV2'
  | 'ListMultipartUploads'
  | 'GetObjectLockConfiguration'
  | 'GetBucketVersioning'
  | 'GetBucketEncryption'
  | 'GetObjectRetention'
  | 'PutObjectRetention'
  | 'PutObjectLegalHold'
  | 'ListParts'
  | 'HeadObject'
  | 'GetObject'
  | 'PutObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload';

export interface S3Request {
  readonly operation: S3Operation;
  readonly key: string;
  readonly partNumber?: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** How many of this operation there were, this one included. */
  readonly count: number;
}

/**
 * `answer`: refuses with this status and code, having done nothing. `bare`: answers with this and no document of S3's, as
 * gateways do, and stores that say nothing. `endless`: begins like this, and goes on for as long as anybody listens. `reset`: breaks the connection in the middle of the body.
 * `cut`: answers half of the object and breaks the connection. `stall`: answers half and then nothing more. `lose-reply`: does the work, then breaks the connection.
 * `error-in-200`: answers 200 with an error document, having done nothing. `corrupt`: stores one bit changed, its own digests right
 * for that. `flip-on-the-way`: one bit changes before the server has the body, so that only its checks can tell. `wrong-etag`: answers an ETag of other bytes. `web-page`: answers 200 with HTML. `drop-upload`: removes the upload first,
 * as a lifecycle rule does.
 */
export type S3Effect =
  | { readonly effect: 'answer'; readonly status: number; readonly code: string }
  | { readonly effect: 'bare'; readonly answer: Answer | (() => Answer) }
  | { readonly effect: 'endless'; readonly status: number; readonly beginning: string }
  | { readonly effect: 'error-in-200'; readonly code: string }
  | {
      readonly effect:
        | 'reset'
        | 'cut'
        | 'stall'
        | 'lose-reply'
        | 'corrupt'
        | 'flip-on-the-way'
        | 'wrong-etag'
        | 'web-page'
        | 'drop-upload';
    };

export type S3Fault = S3Effect & {
  readonly on: S3Operation;
  /** Only for keys that hold this; for all where absent. */
  readonly key?: string;
  /** Which one, counted from when the fault was set; the first where absent. */
  readonly nth?: number;
  /** For how many in a row; one where absent. */
  readonly times?: number;
};

export interface ActiveS3Fault {
  /** How often it has struck. */
  readonly strikes: number;
  remove(): void;
}

export interface Gate {
  /** Resolves when a request has come to the gate: it has been read and checked, but nothing has been done. */
  readonly arrived: Promise<S3Request>;
  release(): void;
}

export interface Faults {
  add(fault: S3Fault): ActiveS3Fault;
  /** Holds the first request that fits; with `all`, every one of them. */
  holdAt(fits: (request: S3Request) => boolean, options?: { readonly all?: boolean }): Gate;
  /** For the server: what this request meets, after counting it. */
  meet(operation: S3Operation, key: string): S3Effect | undefined;
  /** For the server: waits at every gate that fits. */
  pass(request: S3Request): Promise<void>;
  releaseAll(): void;
}

export function createFaults(): Faults {
  const faults = new Set<{ readonly fault: S3Fault; seen: number; strikes: number }>();
  const gates: {
    readonly fits: (request: S3Request) => boolean;
    readonly hold: (request: S3Request) => Promise<void>;
    used: boolean;
  }[] = [];
  const releases: (() => void)[] = [];

  return {
    add(fault) {
      const entry = { fault, seen: 0, strikes: 0 };
      faults.add(entry);
      return {
        get strikes() {
          return entry.strikes;
        },
        remove: () => void faults.delete(entry),
      };
    },
    holdAt(fits, { all = false } = {}) {
      const arrival = Promise.withResolvers<S3Request>();
      const opening = Promise.withResolvers<void>();
      const gate = {
        fits: (request: S3Request) => (all || !gate.used) && fits(request),
        used: false,
        hold(request: S3Request) {
          gate.used = true;
          arrival.resolve(request);
          return opening.promise;
        },
      };
      gates.push(gate);
      releases.push(opening.resolve);
      return { arrived: arrival.promise, release: opening.resolve };
    },
    meet(operation, key) {
      let met: S3Effect | undefined;
      for (const entry of faults) {
        const { on, key: part = '', nth = 1, times = 1 } = entry.fault;
        if (on !== operation || !key.includes(part)) continue;
        entry.seen += 1;
        if (entry.seen < nth || entry.seen >= nth + times || met !== undefined) continue;
        entry.strikes += 1;
        met = entry.fault;
      }
      return met;
    },
    async pass(request) {
      for (const gate of gates) if (gate.fits(request)) await gate.hold(request);
    },
    releaseAll() {
      for (const release of releases) release();
    },
  };
}
