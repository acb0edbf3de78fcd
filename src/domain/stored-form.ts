/** In which form archives lie in the bucket, where that is not as the cloud gave them: compressed, encrypted, or both. */
import type { ArchiverError } from './errors.ts';

/** The cloud's bytes on their way into another form. */
export interface EncodedBody {
  /** A chunk is valid until the next one is asked for; what the plain body throws comes out here, and nothing after it. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Bytes that will come, where that can be told from the plain size. */
  readonly size?: number;
  /** Bytes that may come, where it cannot. */
  readonly expectedSize?: number;
}

export interface PlainSize {
  /** Bytes that will come; absent where nobody knows. */
  readonly size?: number;
  /** What somebody said of it, where nobody knows. */
  readonly expectedSize?: number;
}

/** The form that new archives get. */
export interface StoredForm {
  /** The manifest's word: the steps from the cloud's bytes to the stored ones, in that order, for instance `zstd+age`. */
  readonly encoding: string;
  /** What a dump's name gets behind: `.zst.age`. */
  readonly suffix: string;
  /** Pulls the plain body only as it is pulled itself, and is done with each chunk before it asks for the next. */
  encode(plain: AsyncIterable<Uint8Array>, size: PlainSize): EncodedBody;
}

export interface DecodeRequest {
  /** For messages: the object's key, or a file's name. */
  readonly what: string;
  /** Bytes that may come out at the most: what goes beyond is damage, before it fills a memory or a disk. Absent: any number. */
  readonly size?: number;
}

/** Reads every form, whichever is configured for new archives. */
export interface Decoder {
  /**
   * Why a file cannot be read, before it is opened: no identity is configured, or this version does not know the encoding (both `config`).
   * An identity may still be the wrong one.
   */
  obstacle(encoding: string, what: string): ArchiverError | undefined;
  /**
   * The cloud's bytes again. Throws `archive-damaged` where the stored ones are not what `encoding` says, to their last byte, and `config`
   * for an obstacle, or where no identity opens them. A chunk is valid until the next one is asked for.
   */
  decode(
    encoding: string,
    stored: AsyncIterable<Uint8Array>,
    request: DecodeRequest,
  ): AsyncIterable<Uint8Array>;
}
