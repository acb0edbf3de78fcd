/** Zstandard by Node's own library: one frame with its checksum, as `zstd` writes it and `zstd -d` reads it. */
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { ArchiverError } from '../domain/errors.ts';
import { BLOCK_SIZE, TransformFailure, through } from './through.ts';

export interface CompressOptions {
  /** 1 to 19, as of the `zstd` command. */
  readonly level: number;
  /** Bytes that will come, where that is known: then the frame says so, and a small one takes less memory. */
  readonly size?: number;
}

/** Throws what `plain` throws. */
export async function* compress(
  plain: AsyncIterable<Uint8Array>,
  { level, size }: CompressOptions,
): AsyncGenerator<Uint8Array> {
  const encoder = createZstdCompress({
    chunkSize: BLOCK_SIZE,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    ...(size !== undefined && { pledgedSrcSize: size }),
  });
  try {
    yield* through(plain, encoder);
  } catch (error) {
    if (!(error instanceof TransformFailure)) throw error;
    throw new ArchiverError('internal', `zstd could not compress: ${error.message}`, { cause: error });
  }
}

/** `what` is for messages. Throws `archive-damaged` for anything but one whole frame, or what `stored` throws. */
export async function* decompress(
  stored: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* through(stored, createZstdDecompress({ chunkSize: BLOCK_SIZE }));
  } catch (error) {
    if (!(error instanceof TransformFailure)) throw error;
    throw new ArchiverError('archive-damaged', `${what} is no whole zstd file: ${error.message}`, {
      cause: error,
    });
  }
}
