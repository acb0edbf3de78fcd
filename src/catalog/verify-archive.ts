/** Checks an archive's files against their manifest: by what the store says of each object, or by reading every byte again. */
import { type ArchiverError, asArchiverError, type ErrorCode } from '../domain/errors.ts';
import type { Manifest, ManifestFile } from '../domain/manifest.ts';
import type { VerifyResult } from '../domain/verification.ts';
import { drain, sha256Tap, sizeTap } from '../integrity/taps.ts';
import type { CallOptions, ListedObject } from '../store/object-store.ts';
import { openArchivedFile, type ReadPorts } from './archived-file.ts';
import type { Access } from './backup-access.ts';

export interface FileResult {
  readonly result: Exclude<VerifyResult, 'bad-manifest' | 'bad-signature' | 'unsigned'>;
  /** What was found; for `ok` empty, or how it was looked at where that was not as asked. */
  readonly detail: string;
  /** What to do where the store knows better than we; else empty. */
  readonly hint: string;
  readonly bytesRead: number;
}

export interface VerifyOptions extends CallOptions {
  /** By what the store says of each object; else every byte is read. */
  readonly quick: boolean;
  /** What a listing said already, where it was just that: what it does not settle is asked for. Only looked at with `quick`. */
  readonly listed?: (key: string, expected: Pick<Listed, 'size' | 'etag'>) => Listed | undefined;
}

export type Listed = Pick<ListedObject, 'size' | 'etag' | 'storageClass'>;

const DAMAGE: readonly string[] = [
  'missing',
  'size-differs',
  'digest-differs',
  'rdb-damaged',
  'bad-manifest',
  'bad-signature',
  'unsigned',
];

/** True for a result that means that the archive is not, or may not be, what was archived. */
export function isDamage(result: string): boolean {
  return DAMAGE.includes(result);
}

/** As S3, COS, OSS and OBS call what cannot be read before it was restored. */
const COLD_CLASSES = [
  'GLACIER',
  'DEEP_ARCHIVE',
  'ARCHIVE',
  'MAZ_ARCHIVE',
  'COLD',
  'COLD_ARCHIVE',
  'DEEP_COLD_ARCHIVE',
];

/** One result for the whole archive: the first damaged file, else the first unreadable one, else `ok`. */
export async function verifyArchive(
  manifest: Manifest,
  ports: ReadPorts,
  options: VerifyOptions,
): Promise<FileResult> {
  const results: FileResult[] = [];
  let access: Access;
  try {
    access = await accessTo(manifest, ports, options);
  } catch (thrown) {
    options.signal.throwIfAborted();
    return unread(asArchiverError(thrown));
  }
  for (const file of manifest.files) results.push(await verifyFile(file, ports, { ...options, access }));
  const bytesRead = results.reduce((sum, result) => sum + result.bytesRead, 0);
  const worst =
    results.find(({ result }) => isDamage(result)) ??
    results.find(({ result }) => result !== 'ok') ??
    results.find(({ detail }) => detail !== '');
  return { ...(worst ?? fine()), bytesRead };
}

/** Only who reads every byte looks inside. */
async function accessTo(
  manifest: Manifest,
  { access }: ReadPorts,
  { quick, signal }: VerifyOptions,
): Promise<Access> {
  return quick ? { kind: 'plain' } : access.to(manifest, { signal });
}

interface FileOptions extends VerifyOptions {
  readonly access: Access;
}

async function verifyFile(file: ManifestFile, ports: ReadPorts, options: FileOptions): Promise<FileResult> {
  try {
    return options.quick
      ? await verifyByFacts(file, ports, options)
      : await verifyByReading(file, ports, options);
  } catch (thrown) {
    options.signal.throwIfAborted();
    return unread(asArchiverError(thrown));
  }
}

const CALLED: Readonly<Partial<Record<ErrorCode, FileResult['result']>>> = {
  'archive-damaged': 'digest-differs',
  'unreadable-cold': 'unreadable-cold',
  'newer-version': 'newer-version',
  'not-opened': 'not-opened',
};

/** Nothing is known of what could not be read. A bug is nobody's result. */
export function unread(error: ArchiverError): FileResult {
  const { code, message: detail, hint } = error;
  if (code === 'internal') throw error;
  const result = CALLED[code] ?? 'unreadable';
  return { result, detail, hint: result === 'digest-differs' ? '' : hint, bytesRead: 0 };
}

async function verifyByFacts(
  file: ManifestFile,
  ports: ReadPorts,
  options: FileOptions,
): Promise<FileResult> {
  const { etag } = file;
  const expected = { size: storedOf(file).size, ...(etag !== undefined && { etag }) };
  // A listing that fits settles it. One that does not, or does not say, is no proof of anything: the object itself is asked.
  const facts = options.listed?.(file.key, expected) ?? (await ports.store.head(file.key, options));
  if (!facts) return missing(file);
  const { size } = storedOf(file);
  if (facts.size !== size) return differs(file, 'size-differs', `has ${facts.size} bytes, not ${size}`);
  // Only a suspicion: COS gives the same bytes another ETag each time, and of two runs at once the slower may have stored them last.
  if (file.etag !== undefined && facts.etag !== undefined && facts.etag !== file.etag)
    return verifyByReading(file, ports, options);
  const { storageClass } = facts;
  return storageClass !== undefined && COLD_CLASSES.includes(storageClass.toUpperCase())
    ? fine(`in cold storage (${storageClass}): reading it back needs a restore there first`)
    : fine();
}

async function verifyByReading(
  file: ManifestFile,
  ports: ReadPorts,
  { access, signal }: FileOptions,
): Promise<FileResult> {
  const unlocked = access.kind === 'unlocked' && access;
  try {
    const archived = await openArchivedFile(file, ports, {
      signal,
      ...(unlocked && { unlock: unlocked.unlock }),
    });
    if (!archived) return missing(file);
    await drain(archived.body, []);
    const verdict = archived.verdict();
    const bytesRead = archived.bytesRead();
    if (verdict.result !== 'ok') return { ...verdict, hint: '', bytesRead };
    return fine(access.kind === 'locked' ? `as the cloud gave it: it ${access.detail}` : '', bytesRead);
  } catch (error) {
    const { code } = asArchiverError(error);
    // Encrypted for somebody else, or in a form of a version to come: who only verifies need not be able to read it.
    if (file.stored && (code === 'config' || code === 'newer-version'))
      return verifyAsStored(file, ports, { signal });
    throw error;
  }
}

/** What lies in the bucket against what was put there, whatever is inside it. */
async function verifyAsStored(
  file: ManifestFile,
  { store }: ReadPorts,
  options: CallOptions,
): Promise<FileResult> {
  const wanted = storedOf(file);
  const body = await store.read(file.key, { ...options, expectedSize: wanted.size });
  if (!body) return missing(file);
  const [size, sha256] = [sizeTap(), sha256Tap()];
  await drain(body, [size, sha256]);
  const bytesRead = size.result();
  if (bytesRead !== wanted.size)
    return differs(file, 'size-differs', `has ${bytesRead} bytes, not ${wanted.size}`, bytesRead);
  const digest = sha256.result();
  if (digest !== wanted.sha256)
    return differs(file, 'digest-differs', `has the SHA-256 ${digest}, not ${wanted.sha256}`, bytesRead);
  return fine('as stored: it is encrypted, and there is no key here to look inside', bytesRead);
}

/** What should lie in the bucket. */
function storedOf({ stored, size, sha256 }: ManifestFile): {
  readonly size: number;
  readonly sha256: string;
} {
  return stored ?? { size, sha256 };
}

function fine(detail = '', bytesRead = 0): FileResult {
  return { result: 'ok', detail, hint: '', bytesRead };
}

function missing(file: ManifestFile): FileResult {
  return differs(file, 'missing', 'is not there');
}

function differs(
  { key }: ManifestFile,
  result: FileResult['result'],
  what: string,
  bytesRead = 0,
): FileResult {
  return { result, detail: `${key} ${what}`, hint: '', bytesRead };
}
