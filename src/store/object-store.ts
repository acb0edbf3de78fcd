/** The port to the object storage: nine calls, and what each of them promises. */
import type { Finding } from '../domain/check.ts';
import type { Storage } from '../domain/object-lock.ts';

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** When the object came to lie there, by the store's own clock, in milliseconds since the epoch; absent where the store does not say. */
  readonly modifiedAt?: number;
  /** As `ObjectFacts` has them; absent where the listing does not say. */
  readonly etag?: string;
  readonly storageClass?: string;
}

export interface Deletion {
  /** The bucket is versioned: the object is no longer seen, but its bytes stay (and cost) until a lifecycle rule removes them. */
  readonly bytesStay: boolean;
}

/** `lock` and `legalHold` are shown only to who may see them (`s3:GetObjectRetention`, `s3:GetObjectLegalHold`). */
export interface ObjectFacts extends Storage {
  /** Bytes. */
  readonly size: number;
  /** Without quotes; absent where the store has none. */
  readonly etag?: string;
}

export interface CallOptions {
  readonly signal: AbortSignal;
}

export interface HeadOptions extends CallOptions {
  /** Asks for the lock by itself where it does not stand among the other facts: COS never tells it there. */
  readonly withLock?: boolean;
}

export interface ListOptions extends CallOptions {
  /** At the most so many; absent: all of them. */
  readonly limit?: number;
  /** Only keys that come behind this one, which need not be there. */
  readonly after?: string;
}

export interface ReadOptions extends CallOptions {
  /** Bytes to leave out at the beginning; from the object's end on there is nothing to read. */
  readonly from?: number;
  /** Only of the very object that answered with this: else `object-replaced`, so that bytes of two objects never get mixed. */
  readonly etag?: string;
  /** Bytes of the whole object, as far as anybody knows: many of them are read in a way that costs less. Fewer or more may come. */
  readonly expectedSize?: number;
}

/** A chunk is valid until the next one is asked for. To be read once. */
export interface StoredBody extends AsyncIterable<Uint8Array> {
  /** For a later read that goes on in the same object; absent where nothing proves that it would be the same. */
  readonly etag?: string;
  /** Bytes of the whole object, wherever the reading began; absent where the store does not say. */
  readonly size?: number;
}

export interface PutOptions extends CallOptions {
  /** How the store is asked to keep it; `retain` makes sure of a lock. */
  readonly storage?: Storage;
  readonly contentType: string;
  /** Stores only where nothing lies at the key yet; else the answer is `exists` and nothing has changed. */
  readonly ifAbsent: boolean;
}

export interface UploadOptions extends CallOptions {
  /** How the store is asked to keep it; `retain` makes sure of a lock. */
  readonly storage?: Storage;
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

  /**
   * Keys under a prefix (a plain string prefix, not a folder) in ascending order of their UTF-8 bytes; or folder by folder, in which `a/b` comes
   * before `a-b` (SeaweedFS): only within one folder of ours is the order of the names to be relied on.
   */
  list(prefix: string, options: ListOptions): AsyncIterable<ListedObject>;

  /** Undefined where there is no such object. */
  head(key: string, options: HeadOptions): Promise<ObjectFacts | undefined>;

  /** The object as it lies there, whole or from some byte on; undefined where there is none. */
  read(key: string, options: ReadOptions): Promise<StoredBody | undefined>;

  /** Stores a small object (a manifest, a record) in one piece. */
  put(key: string, body: Uint8Array, options: PutOptions): Promise<'stored' | 'exists'>;

  /**
   * Stores a stream of any length, in place of whatever lay there. The object becomes visible only after `body` has ended well and
   * its size is right: when `body` throws, nothing becomes visible, what was uploaded is given up, and the same error is thrown.
   * Copies each chunk before it asks for the next, so the producer may reuse its buffer. Gives up only its own upload, never a key.
   */
  upload(key: string, body: AsyncIterable<Uint8Array>, options: UploadOptions): Promise<UploadReceipt>;

  /**
   * Makes sure that the object's newest version is locked at least as `storage` says, and asks for that again where the upload alone
   * did not bring it. Rejects with `store-refused` where the store does not lock it: then it must not count as archived.
   */
  retain(key: string, storage: Storage, options: CallOptions): Promise<void>;

  /** False where the store says that it can lock nothing in here; true where it may, or does not say. One request at the most. */
  mayLock(options: CallOptions): Promise<boolean>;

  /** Removes an object; nothing happens where there is none. */
  delete(key: string, options: CallOptions): Promise<Deletion>;

  /**
   * Removes what killed processes have left of uploads, and says how much of it there was: unfinished multipart uploads under the
   * prefix, and in a folder temporary files (their name alone says that they are ours). Never an upload of this very process, however old.
   */
  sweep(prefix: string, options: SweepOptions): Promise<number>;

  /** Closes idle connections. */
  close(): void;
}

/** What was found out of a destination before a run. */
export interface Preparation {
  /** Where nothing was known of it, or no more: what it calls itself, what archives are proved by, and how many requests that took. */
  readonly measured?: { readonly server?: string; readonly proof: string; readonly requests: number };
  readonly warning?: { readonly message: string; readonly hint: string };
}

/** Finds out what a store really does. Beside the store, and not part of it: only `check` needs it. */
export interface StoreProbe {
  /**
   * Tries each promise in turn with small objects. `keyOf` gives the only keys that are ever touched, one a name. Rejects only with
   * the signal's reason; what fails is in the findings.
   */
  run(keyOf: (name: string) => string, options: CallOptions): Promise<readonly Finding[]>;
}
