/** Holds an archive against its manifest: by size and checksum of the object alone, or by reading every byte again. */
import { asArchiverError } from '../domain/errors.ts';
import type { Manifest, ManifestFile } from '../domain/manifest.ts';
import { drain } from '../integrity/taps.ts';
import type { CallOptions } from '../store/object-store.ts';
import { openArchivedFile, type ReadPorts } from './archived-file.ts';

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
  ports: ReadPorts,
  options: CallOptions & { readonly quick: boolean },
): Promise<FileResult> {
  const results: FileResult[] = [];
  for (const file of manifest.files) results.push(await verifyFile(file, ports, options));
  const bytesRead = results.reduce((sum, result) => sum + result.bytesRead, 0);
  const worst =
    results.find((result) => isDamage(result.result)) ?? results.find((result) => result.result !== 'ok');
  return worst ? { ...worst, bytesRead } : { result: 'ok', bytesRead };
}

async function verifyFile(
  file: ManifestFile,
  ports: ReadPorts,
  options: CallOptions & { readonly quick: boolean },
): Promise<FileResult> {
  try {
    return options.quick
      ? await verifyByHead(file, ports, options)
      : await verifyByReading(file, ports, options);
  } catch (thrown) {
    options.signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (error.code === 'internal') throw error;
    return { result: 'unreadable', detail: error.message, bytesRead: 0 };
  }
}

async function verifyByHead(file: ManifestFile, ports: ReadPorts, options: CallOptions): Promise<FileResult> {
  const facts = await ports.store.head(file.key, options);
  if (!facts) return missing(file);
  const size = file.stored?.size ?? file.size;
  if (facts.size !== size) {
    const detail = `${file.key} has ${facts.size} bytes, not ${size}`;
    return { result: 'size-differs', detail, bytesRead: 0 };
  }
  // Only a suspicion: COS gives the same bytes another ETag each time, and of two runs at once the slower may have stored them last.
  if (file.etag !== undefined && facts.etag !== undefined && facts.etag !== file.etag)
    return verifyByReading(file, ports, options);
  return { result: 'ok', bytesRead: 0 };
}

async function verifyByReading(
  file: ManifestFile,
  ports: ReadPorts,
  options: CallOptions,
): Promise<FileResult> {
  const archived = await openArchivedFile(file, ports, options);
  if (!archived) return missing(file);
  await drain(archived.body, []);
  return { ...archived.verdict(), bytesRead: archived.bytesRead() };
}

function missing(file: ManifestFile): FileResult {
  return { result: 'missing', detail: `${file.key} is not there`, bytesRead: 0 };
}
