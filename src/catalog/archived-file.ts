/** Reads an archived file back as the cloud gave it, whatever form it lies in, and tells at its end whether that is still true. */
import type { ManifestFile } from '../domain/manifest.ts';
import type { Decoder } from '../domain/stored-form.ts';
import { rdbTap } from '../integrity/rdb.ts';
import { drain, sha256Tap, sizeTap, type Tap, tapped } from '../integrity/taps.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

export interface ReadPorts {
  readonly store: ObjectStore;
  readonly decoder: Decoder;
}

export type FileVerdict =
  | { readonly result: 'ok' }
  | { readonly result: 'size-differs' | 'digest-differs' | 'rdb-damaged'; readonly detail: string };

/** The beginning of a file that somebody has already, from an earlier reading that broke off. */
export interface KeptBytes {
  readonly size: number;
  read(): AsyncIterable<Uint8Array>;
}

export interface ArchivedFile {
  /** The cloud's bytes, to be read once. A chunk is valid until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Whether they were what the manifest says; ask when `body` has ended well. */
  verdict(): FileVerdict;
  /** Bytes that have come from the bucket so far. */
  bytesRead(): number;
}

/**
 * Undefined where the object is not there. Rejects with `config` where its form cannot be read (no identity, say), and `body` throws that
 * or `archive-damaged` (`Decoder`). `kept` bytes are measured first, and not read again: `body` goes on behind them. Only of a file
 * that lies as the cloud gave it, since in another form its bytes are at other places.
 */
export async function openArchivedFile(
  file: ManifestFile,
  { store, decoder }: ReadPorts,
  { kept, ...options }: CallOptions & { readonly kept?: KeptBytes },
): Promise<ArchivedFile | undefined> {
  const obstacle = file.stored && decoder.obstacle(file.stored.encoding, file.key);
  if (obstacle) throw obstacle;
  const [read, size, sha256] = [sizeTap(), sizeTap(), sha256Tap()];
  const rdb = file.rdb && rdbTap();
  const taps: Tap<unknown>[] = rdb ? [size, sha256, rdb] : [size, sha256];
  // Before the store is asked: no connection should wait for it.
  if (kept) await drain(whileWanted(kept.read(), options.signal), taps);
  const stored = await store.read(file.key, { ...options, ...(kept && { from: kept.size }) });
  if (!stored) return undefined;
  const raw = tapped(stored, [read]);
  const request = { what: file.key, size: file.size };
  return {
    body: tapped(file.stored ? decoder.decode(file.stored.encoding, raw, request) : raw, taps),
    bytesRead: () => read.result(),
    verdict() {
      if (file.stored && read.result() !== file.stored.size)
        return differs(file, 'size-differs', `has ${read.result()} bytes, not ${file.stored.size}`);
      if (size.result() !== file.size)
        return differs(file, 'size-differs', `has ${size.result()} bytes, not ${file.size}`);
      const digest = sha256.result();
      if (digest !== file.sha256)
        return differs(file, 'digest-differs', `has the SHA-256 ${digest}, not ${file.sha256}`);
      const format = rdb?.result();
      return format && format.kind !== 'intact'
        ? differs(file, 'rdb-damaged', format.problem)
        : { result: 'ok' };
    },
  };
}

async function* whileWanted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    signal.throwIfAborted();
    yield chunk;
  }
}

function differs(
  { key }: ManifestFile,
  result: Exclude<FileVerdict['result'], 'ok'>,
  what: string,
): FileVerdict {
  return { result, detail: `${key} ${what}` };
}
