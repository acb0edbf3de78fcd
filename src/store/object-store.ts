/** The port to the object storage: seven calls, and what each of them promises. */
import type { Finding } from '../domain/check.ts';

export interface ListedObject {
  readonly key: string;
  readonly size: number;
}

export interface ObjectFacts {
  /** Bytes. */
  readonly size: number;
  /** Without quotes; absent where the store has none. */
  readonly etag?: string;
}

export interface CallOptions {
  readonly signal: AbortSignal;
}

export interface ListOptions extends CallOptions {
  /** At the most so many; absent: all of them. */
  readonly limit?: number;
}

export interface PutOptions extends CallOptions {
  readonly contentType: string;
  /** Stores only where nothing lies at the key yet; else the answer is `exists` and nothing has changed. */
  readonly ifAbsent: boolean;
}

export interface UploadOptions extends CallOptions {
  /** Bytes that will come; absent where nobody knows. The upload fails when fewer or more come. */
  readonly size?: number;
  /** What somebody said of it, where nobody knows: the upload makes room for so many, and takes fewer or more. */
  readonly expectedSize?: number;
  readonly contentType: string;
}

export interface SweepOptions extends CallOptions {
  /** Whether an unfinished upload to this key is one of ours. */
  readonly isOurs: (key: string) => boolean;
  /** Only what was begun before this, in milliseconds since the epoch. */
  readonly begunBefore: number;
}

export interface UploadReceipt {
  readonly size: number;
  readonly etag?: string;
  /**
   * How the store proved that it holds the bytes sent. `checksum`: it answered, after the object became visible, with a checksum
   * that it computed itself and that is ours. `none`: only the size was compared; read it back to be sure.
   */
  readonly proof: 'checksum' | 'none';
}

/**
 * Keys are whole keys (the destination's prefix included). All calls reject with an `ArchiverError` (`store-refused`: will not be
 * better for trying again; `store-unreachable`: no answer at all; `store-failed`: the rest) or with the signal's reason.
 * Nothing half-done is ever visible: an object is there whole or not at all. Reads see what was written before.
 */
export interface ObjectStore {
  /** For messages: `s3://bucket` or `file:///dir`, no credentials. */
  readonly description: string;

  /** Keys under a prefix (a plain string prefix, not a folder) in ascending order of their UTF-8 bytes. */
  list(prefix: string, options: ListOptions): AsyncIterable<ListedObject>;

  /** Undefined where there is no such object. */
  head(key: string, options: CallOptions): Promise<ObjectFacts | undefined>;

  /** The whole object as it lies there; undefined where there is none. A chunk is valid until the next one is asked for. */
  read(key: string, options: CallOptions): Promise<AsyncIterable<Uint8Array> | undefined>;

  /** Stores a small object (a manifest, a record) in one piece. */
  put(key: string, body: Uint8Array, options: PutOptions): Promise<'stored' | 'exists'>;

  /**
   * Stores a stream of any length, in place of whatever lay there. The object becomes visible only after `body` has ended well and
   * its size is right: when `body` throws, nothing becomes visible, what was uploaded is given up, and the same error is thrown.
   * Copies each chunk before it asks for the next, so the producer may reuse its buffer. Gives up only its own upload, never a key.
   */
  upload(key: string, body: AsyncIterable<Uint8Array>, options: UploadOptions): Promise<UploadReceipt>;

  /** Removes an object; nothing happens where there is none. */
  delete(key: string, options: CallOptions): Promise<void>;

  /**
   * Removes what killed processes have left of uploads, and says how much of it there was: unfinished multipart uploads under the
   * prefix, and in a folder temporary files (their name alone says that they are ours). Never an upload of this very process, however old.
   */
  sweep(prefix: string, options: SweepOptions): Promise<number>;

  /** Closes idle connections. */
  close(): void;
}

/** Finds out what a store really does. Beside the store, and not part of it: only `check` needs it. */
export interface StoreProbe {
  /**
   * Tries each promise in turn with small objects. `keyOf` gives the only keys that are ever touched, one a name. Rejects only with
   * the signal's reason; what fails is in the findings.
   */
  run(keyOf: (name: string) => string, options: CallOptions): Promise<readonly Finding[]>;
}
