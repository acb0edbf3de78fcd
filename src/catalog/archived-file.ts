/** Reads an archived file back as the cloud gave it, whatever form it lies in, and tells at its end whether that is still true. */
import { ArchiverError } from '../domain/errors.ts';
import type { ManifestFile, RdbFacts } from '../domain/manifest.ts';
import type { Decoder } from '../domain/stored-form.ts';
import { type DumpWalk, type RdbVerdict, rdbTap } from '../integrity/rdb.ts';
import { drain, sha256Tap, sizeTap, tapped } from '../integrity/taps.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import type { BackupAccess, Unlock } from './backup-access.ts';

export interface ReadPorts {
  readonly store: ObjectStore;
  readonly decoder: Decoder;
  readonly access: BackupAccess;
}

export type FileVerdict =
  /** `rdb` as it is judged now, with `unlock` that of the dump inside; absent where nothing is known of a format. */
  | { readonly result: 'ok'; readonly rdb?: RdbFacts }
  | {
      /** `not-opened`: the bytes are the cloud's, and what came of opening them is no dump that its checksum proves. */
      readonly result: 'size-differs' | 'digest-differs' | 'rdb-damaged' | 'not-opened';
      readonly detail: string;
    };

/** The dump inside a file that the cloud encrypted. */
export interface OpenedDump {
  /** In words, for instance `key in base64, IV in front`. */
  readonly layout: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly facts: RdbFacts;
}

export interface ArchivedFileOptions extends CallOptions {
  readonly kept?: KeptBytes;
  /** Sees all of the cloud's bytes, with `unlock` all of the dump inside. */
  readonly walk?: DumpWalk;
  /** Takes the cloud's encryption off. */
  readonly unlock?: Unlock;
}

/** The beginning of a file that somebody has already, from an earlier reading that broke off. */
export interface KeptBytes {
  readonly size: number;
  read(): AsyncIterable<Uint8Array>;
}

export interface ArchivedFile {
  /** The cloud's bytes, or with `unlock` the dump inside them, to be read once. A chunk is valid until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Whether they were what the manifest says; ask when `body` has ended well. */
  verdict(): FileVerdict;
  /** With `unlock`, and where the verdict is `ok`. */
  opened(): OpenedDump | undefined;
  /** Bytes that have come from the bucket so far. */
  bytesRead(): number;
}

/**
 * Undefined where the object is not there. With `unlock` the cloud's encryption is taken off, and `body` throws `not-opened` where that fails
 * although all bytes are as the cloud gave them. Rejects with `config` where its form cannot be read (no identity, say), and `body` throws that
 * or `archive-damaged`. `kept` bytes are measured first, and not read again: `body` goes on behind them. Only of a file that lies as the cloud
 * gave it, since in another form its bytes are at other places.
 */
export async function openArchivedFile(
  file: ManifestFile,
  { store, decoder }: Pick<ReadPorts, 'store' | 'decoder'>,
  { kept, walk, unlock, ...options }: ArchivedFileOptions,
): Promise<ArchivedFile | undefined> {
  const obstacle = file.stored && decoder.obstacle(file.stored.encoding, file.key);
  if (obstacle) throw obstacle;
  const [read, size, sha256] = [sizeTap(), sizeTap(), sha256Tap()];
  // The same bytes have the same CRC-64: where it was verified when they were archived, their SHA-256 says it all.
  const judged = file.rdb && !unlock && (walk || file.rdb.checksum !== 'verified') ? file.rdb : undefined;
  const rdb = judged && rdbTap(walk ?? knownEnd(file.size, judged));
  const dump = rdb ?? (unlock ? undefined : walk);
  const taps = [size, sha256, ...(dump ? [dump] : [])];
  // Before the store is asked: no connection should wait for it.
  if (kept) await drain(whileWanted(kept.read(), options.signal), taps);
  const stored = await store.read(file.key, {
    ...options,
    expectedSize: (file.stored ?? file).size,
    ...(kept && { from: kept.size }),
  });
  if (!stored) return undefined;
  const raw = tapped(stored, [read]);
  const request = { what: file.key, size: file.size };
  const given = tapped(file.stored ? decoder.decode(file.stored.encoding, raw, request) : raw, taps);
  /** Whether the bytes are others than the cloud gave; ask when all have passed. */
  const changed = (): Changed | undefined => {
    if (file.stored && read.result() !== file.stored.size)
      return differs(file, 'size-differs', `has ${read.result()} bytes, not ${file.stored.size}`);
    if (size.result() !== file.size)
      return differs(file, 'size-differs', `has ${size.result()} bytes, not ${file.size}`);
    const digest = sha256.result();
    if (digest !== file.sha256)
      return differs(file, 'digest-differs', `has the SHA-256 ${digest}, not ${file.sha256}`);
    return undefined;
  };
  const inside = unlock && insideOf(file, given, { unlock, walk, changed });
  return {
    body: inside?.body ?? given,
    bytesRead: () => read.result(),
    opened: () => inside?.dump(),
    verdict() {
      const other = changed();
      if (other) return other;
      const format = inside ? inside.format() : rdb?.result();
      if (format === undefined) return { result: 'ok', ...(file.rdb && !unlock && { rdb: file.rdb }) };
      if (format.kind === 'intact') return { result: 'ok', rdb: format.facts };
      // Opened, the bytes are the cloud's all the same: what is wrong is the cloud's dump, or the way that it was opened.
      return inside
        ? differs(
            file,
            'not-opened',
            `was opened (${inside.layout()}), and what came out is no proof: ${format.problem}`,
          )
        : differs(file, 'rdb-damaged', format.problem);
    },
  };
}

type Changed = Exclude<FileVerdict, { readonly result: 'ok' }>;

/** What comes out of the cloud's encryption, judged on its way as a dump that was never encrypted is. */
function insideOf(
  { key }: ManifestFile,
  encrypted: AsyncIterable<Uint8Array>,
  {
    unlock,
    walk,
    changed,
  }: {
    readonly unlock: Unlock;
    readonly walk: DumpWalk | undefined;
    readonly changed: () => Changed | undefined;
  },
) {
  const [size, sha256, format] = [sizeTap(), sha256Tap(), rdbTap(walk)];
  let layout = '';
  const rest = encrypted[Symbol.asyncIterator]();

  /** A flipped bit keeps it from opening, too: so the rest is read all the same, and it is damage where the bytes are not the cloud's. */
  async function* plain(): AsyncGenerator<Uint8Array> {
    try {
      const source = { [Symbol.asyncIterator]: () => ({ next: () => rest.next() }) };
      yield* unlock.open(source, key, (name) => {
        layout = name;
      });
    } catch (error) {
      if (!(error instanceof ArchiverError) || error.code !== 'not-opened') throw error;
      while (!(await rest.next()).done);
      const damage = changed();
      throw damage ? new ArchiverError('archive-damaged', damage.detail) : error;
    } finally {
      await rest.return?.();
    }
  }

  let judged: RdbVerdict | undefined;
  const verdict = (): RdbVerdict => (judged ??= format.result());
  return {
    body: tapped(plain(), [size, sha256, format]),
    format: verdict,
    layout: () => layout,
    dump(): OpenedDump | undefined {
      const found = verdict();
      if (found.kind !== 'intact') return undefined;
      return { layout, size: size.result(), sha256: sha256.result(), facts: found.facts };
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

function differs({ key }: ManifestFile, result: Exclude<FileVerdict['result'], 'ok'>, what: string): Changed {
  return { result, detail: `${key} ${what}` };
}
