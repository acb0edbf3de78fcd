/** Reads an archived file back as the cloud gave it, whatever form it lies in, and tells at its end whether that is still true. */
import type { ManifestFile, RdbFacts } from '../domain/manifest.ts';
import type { Decoder } from '../domain/stored-form.ts';
import { type DumpWalk, rdbTap } from '../integrity/rdb.ts';
import { drain, sha256Tap, sizeTap, tapped } from '../integrity/taps.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

export interface ReadPorts {
  readonly store: ObjectStore;
  readonly decoder: Decoder;
}

export type FileVerdict =
  /** `rdb` as it is judged now; absent where the manifest has none. */
  | { readonly result: 'ok'; readonly rdb?: RdbFacts }
  | { readonly result: 'size-differs' | 'digest-differs' | 'rdb-damaged'; readonly detail: string };

export interface ArchivedFileOptions extends CallOptions {
  readonly kept?: KeptBytes;
  /** Sees all of the cloud's bytes. */
  readonly walk?: DumpWalk;
}

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
  { kept, walk, ...options }: ArchivedFileOptions,
): Promise<ArchivedFile | undefined> {
  const obstacle = file.stored && decoder.obstacle(file.stored.encoding, file.key);
  if (obstacle) throw obstacle;
  const [read, size, sha256] = [sizeTap(), sizeTap(), sha256Tap()];
  const rdb = file.rdb && rdbTap(walk ?? knownEnd(file.size, file.rdb));
  const format = rdb ?? walk;
  const taps = [size, sha256, ...(format ? [format] : [])];
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
      const judged = rdb?.result();
      if (judged === undefined) return { result: 'ok' };
      return judged.kind === 'intact'
        ? { result: 'ok', rdb: judged.facts }
        : differs(file, 'rdb-damaged', judged.problem);
    },
  };
}

/** Where bytes follow the dump's end, it may have been proved by somebody who walked it; nobody needs to walk it again for that. */
function knownEnd(size: number, { trailingBytes, checksum }: RdbFacts): DumpWalk | undefined {
  if (trailingBytes === undefined) return undefined;
  const end = { offset: size - trailingBytes, hasChecksum: checksum === 'verified' };
  let passed = 0;
  return {
    update(chunk) {
      passed += chunk.byteLength;
    },
    end: () => (passed < end.offset ? undefined : end),
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
