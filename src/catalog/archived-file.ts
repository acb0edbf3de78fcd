/** Reads an archived file back as the cloud gave it, whatever form it lies in, and tells at its end whether that is still true. */
import type { ManifestFile } from '../domain/manifest.ts';
import { rdbTap } from '../integrity/rdb.ts';
import { sha256Tap, sizeTap, type Tap, tapped } from '../integrity/taps.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

/** Turns what lies in the bucket back into the cloud's bytes; throws `archive-damaged` where it is not what `encoding` says. */
export type Decode = (
  encoding: string,
  body: AsyncIterable<Uint8Array>,
  options: CallOptions,
) => AsyncIterable<Uint8Array>;

export interface ReadPorts {
  readonly store: ObjectStore;
  readonly decode: Decode;
}

export type FileVerdict =
  | { readonly result: 'ok' }
  | { readonly result: 'size-differs' | 'digest-differs' | 'rdb-damaged'; readonly detail: string };

export interface ArchivedFile {
  /** The cloud's bytes, to be read once. A chunk is valid until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Whether they were what the manifest says; ask when `body` has ended well. */
  verdict(): FileVerdict;
  /** Bytes that have come from the bucket so far. */
  bytesRead(): number;
}

/** Undefined where the object is not there. */
export async function openArchivedFile(
  file: ManifestFile,
  { store, decode }: ReadPorts,
  options: CallOptions,
): Promise<ArchivedFile | undefined> {
  const stored = await store.read(file.key, options);
  if (!stored) return undefined;
  const [read, size, sha256] = [sizeTap(), sizeTap(), sha256Tap()];
  const rdb = file.rdb && (await rdbTap());
  const taps: Tap<unknown>[] = rdb ? [size, sha256, rdb] : [size, sha256];
  const raw = tapped(stored, [read]);
  return {
    body: tapped(file.stored ? decode(file.stored.encoding, raw, options) : raw, taps),
    bytesRead: () => read.result(),
    verdict() {
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

function differs(
  { key }: ManifestFile,
  result: Exclude<FileVerdict['result'], 'ok'>,
  what: string,
): FileVerdict {
  return { result, detail: `${key} ${what}` };
}
