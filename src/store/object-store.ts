/** The port to the object storage: six calls, and what each of them promises. */

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
  readonly contentType: string;
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

  /** Closes idle connections. */
  close(): void;
}
