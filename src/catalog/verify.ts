/** Holds an archive against its manifest: by size and checksum of the object alone, or by reading every byte again. */
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { Manifest, ManifestFile } from '../domain/manifest.ts';
import { rdbTap } from '../integrity/rdb.ts';
import { drain, sha256Tap, sizeTap } from '../integrity/taps.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

export type FileResult =
  | { readonly result: 'ok'; readonly bytesRead: number }
  | {
      readonly result: 'missing' | 'size-differs' | 'digest-differs' | 'rdb-damaged' | 'unreadable';
      readonly detail: string;
      readonly bytesRead: number;
    };

/** Damage, worst news first: what a whole archive is called by. `unreadable` is no damage, for nothing is known. */
const DAMAGE = ['missing', 'size-differs', 'digest-differs', 'rdb-damaged'] as const;

/** True for a result that means that the archive does not match its manifest. */
export function isDamage(result: string): boolean {
  return (DAMAGE as readonly string[]).includes(result) || result === 'bad-manifest';
}

/** One result for the whole archive: the first damaged file, else the first unreadable one, else `ok`. */
export async function verifyArchive(
  manifest: Manifest,
  store: ObjectStore,
  options: CallOptions & { readonly quick: boolean },
): Promise<FileResult> {
  const results: FileResult[] = [];
  for (const file of manifest.files) results.push(await verifyFile(file, store, options));
  const bytesRead = results.reduce((sum, result) => sum + result.bytesRead, 0);
  const worst =
    results.find((result) => isDamage(result.result)) ?? results.find((result) => result.result !== 'ok');
  return worst ? { ...worst, bytesRead } : { result: 'ok', bytesRead };
}

async function verifyFile(
  file: ManifestFile,
  store: ObjectStore,
  options: CallOptions & { readonly quick: boolean },
): Promise<FileResult> {
  try {
    return options.quick
      ? await verifyByHead(file, store, options)
      : await verifyByReading(file, store, options);
  } catch (thrown) {
    options.signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (error.code === 'internal') throw error;
    return { result: 'unreadable', detail: error.message, bytesRead: 0 };
  }
}

async function verifyByHead(
  file: ManifestFile,
  store: ObjectStore,
  options: CallOptions,
): Promise<FileResult> {
  const facts = await store.head(file.key, options);
  if (!facts) return missing(file);
  const size = file.stored?.size ?? file.size;
  if (facts.size !== size) return differs(file, 'size-differs', `has ${facts.size} bytes, not ${size}`, 0);
  // Only a suspicion: COS gives the same bytes another ETag each time, and of two runs at once the slower may have stored them last.
  if (file.etag !== undefined && facts.etag !== undefined && facts.etag !== file.etag)
    return verifyByReading(file, store, options);
  return { result: 'ok', bytesRead: 0 };
}

async function verifyByReading(
  file: ManifestFile,
  store: ObjectStore,
  options: CallOptions,
): Promise<FileResult> {
  if (file.stored) {
    throw new ArchiverError(
      'store-failed',
      `${file.key} is stored as ${file.stored.encoding}, which this version cannot read`,
    );
  }
  const body = await store.read(file.key, options);
  if (!body) return missing(file);
  const [size, sha256, rdb] = [sizeTap(), sha256Tap(), await rdbTap()];
  await drain(body, file.rdb ? [size, sha256, rdb] : [size, sha256]);

  const bytesRead = size.result();
  if (bytesRead !== file.size)
    return differs(file, 'size-differs', `has ${bytesRead} bytes, not ${file.size}`, bytesRead);
  const digest = sha256.result();
  if (digest !== file.sha256)
    return differs(file, 'digest-differs', `has the SHA-256 ${digest}, not ${file.sha256}`, bytesRead);
  const verdict = file.rdb ? rdb.result() : undefined;
  if (verdict && verdict.kind !== 'intact') return differs(file, 'rdb-damaged', verdict.problem, bytesRead);
  return { result: 'ok', bytesRead };
}

function missing(file: ManifestFile): FileResult {
  return { result: 'missing', detail: `${file.key} is not there`, bytesRead: 0 };
}

function differs(
  file: ManifestFile,
  result: 'size-differs' | 'digest-differs' | 'rdb-damaged',
  what: string,
  bytesRead: number,
): FileResult {
  return { result, detail: `${file.key} ${what}`, bytesRead };
}
