/** Checks archives against their manifests: all of them, a sample in rotation, or only by what the store says of its objects. */
import type { ReadPorts } from '../catalog/archived-file.ts';
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { inOrder, orExplain, type WantedArchives } from '../catalog/each-archive.ts';
import { createFreshness } from '../catalog/index/freshness.ts';
import type { ManifestIndex } from '../catalog/index/manifest-index.ts';
import type { SignatureVerdict } from '../catalog/signature.ts';
import { isDamage, unread, verifyArchive } from '../catalog/verify-archive.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import { worstOf } from '../domain/exit-code.ts';
import { type Each, rowsFor } from '../domain/listing.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { VerifyResult, VerifyRun } from '../domain/verification.ts';
import { adviceFor } from './advice.ts';
import type { Fingerprints } from './fingerprints.ts';
import { rememberData } from './listed-data.ts';
import { openLog } from './log.ts';
import type { VerifyItem, VerifyReport } from './report.ts';
import { sampleOf } from './sample.ts';
import { createTally, reportOf } from './tally.ts';
import type { Verifications } from './verifications.ts';
import { peeked, walkOf } from './walk.ts';

export interface VerifyPorts {
  readonly catalog: Catalog;
  readonly index: ManifestIndex;
  readonly reading: ReadPorts;
  readonly layout: ArchiveLayout;
  readonly verifications: Verifications;
  readonly clock: Pick<Clock, 'now'>;
  /** Archives at once. */
  readonly concurrency: number;
  /** Told what came of all archives; never rejects but with the signal's reason. */
  readonly deliver: (run: VerifyRun, signal: AbortSignal) => Promise<void>;
}

export interface VerifyRequest extends WantedArchives {
  readonly quick: boolean;
  /** Reads so many percent of the bytes, those that wait longest; all where absent. */
  readonly samplePercent?: number | undefined;
  /** Told each archive as it comes, the oldest first; all are in the answer where absent. */
  readonly each?: Each<VerifyItem>;
}

/** From so many archives on a listing of their dumps costs less than asking for each. */
const LISTING_PAYS = 3;

/** Finding nothing to verify is a failure: a check that quietly checks nothing reassures wrongly. */
export async function verify(
  ports: VerifyPorts,
  request: VerifyRequest,
  signal: AbortSignal,
): Promise<VerifyReport> {
  const { instanceId, backupId, quick, samplePercent: percent, each } = request;
  const everything = instanceId === undefined && backupId === undefined;
  const data = { store: ports.reading.store, layout: ports.layout };
  const sample =
    percent === undefined
      ? undefined
      : await sampleOf(request, { percent, everything }, { ...data, ...ports }, signal);
  const walk = sample ? undefined : await walkOf(request, ports.catalog, signal);
  const roll = everything ? (sample?.roll ?? walk?.roll) : undefined;
  // Of a walk only the days are known that it has passed.
  const isGone = (ref: ArchiveRef) =>
    roll !== undefined && (walk?.hasPassed(ref) ?? true) && roll.positionOf(ref) === undefined;
  const log = openLog(isGone, ports);

  const rows = rowsFor(each);
  const tally = createTally();
  let listed: Fingerprints['find'] | undefined;
  // Who reads all manifests keeps the index up to date in passing.
  const fresh = everything && walk ? createFreshness(ports.index) : undefined;
  const hold = async (entry: CatalogEntry, inner: AbortSignal) => {
    const onRead = (bytes: Uint8Array) => fresh?.read(entry, bytes, { signal: inner });
    const item = await holdUp(entry, ports, { quick, ...(listed && { listed }), signal: inner }, onRead);
    if (item === undefined || quick) return { entry, item };
    const verified = await log.note(entry, item.result, inner);
    sample?.note(entry.ref, verified);
    return { entry, item };
  };
  const { first, all } = await peeked(sample?.chosen(signal) ?? walk?.entries ?? NOTHING, LISTING_PAYS);
  if (quick && first.length >= LISTING_PAYS) {
    const prints = await rememberData(walk?.sources ?? [], instanceId, data, signal);
    listed = prints.find;
  }
  for await (const { entry, item } of inOrder(all, ports.concurrency, signal, hold)) {
    await fresh?.passed(entry, { signal });
    if (item === undefined) continue;
    tally.add(item);
    await rows.tell(item);
  }
  await fresh?.end({ signal });
  await log.close(signal);
  const report = reportOf(rows.items, tally, { quick, sample, log });
  if (everything && !quick && report.summary.archives > 0 && !log.failure()) {
    const { archives, damaged, unreadable, bytesRead } = report.summary;
    const run = {
      at: log.at,
      archives,
      damaged,
      unreadable,
      bytesRead,
      ...(percent !== undefined && { percent }),
    };
    const unkept = await newerVersionOf(ports.verifications.addRun(run, { signal }));
    await ports.deliver(run, signal);
    if (unkept) return withProblem(report, unkept);
  }
  return report;
}

/** The error where a newer version of the program keeps what was to be written; rejects with any other. */
async function newerVersionOf(work: Promise<void>): Promise<ArchiverError | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof ArchiverError && error.code === 'newer-version') return error;
    throw error;
  }
}

function withProblem(report: VerifyReport, { message, hint, exit }: ArchiverError): VerifyReport {
  const problems = [...report.problems, { message, hint }];
  return { ...report, problems, exitCode: worstOf(new Set([report.exitCode, exit])) };
}

const NOTHING: Iterable<CatalogEntry> = [];

type HoldOptions = Parameters<typeof verifyArchive>[2];

/** Undefined for an archive that was removed since it was listed. */
async function holdUp(
  entry: CatalogEntry,
  ports: VerifyPorts,
  options: HoldOptions,
  onRead: (bytes: Uint8Array) => Promise<void> | undefined,
): Promise<VerifyItem | undefined> {
  const { catalog, reading } = ports;
  const { signal } = options;
  const read = () => orExplain(() => catalog.readSigned(entry.key, { signal }), signal);
  const signed = await read();
  if (signed === undefined) return undefined;
  if (signed instanceof Error) {
    const found = signed.code === 'archive-damaged' ? BAD_MANIFEST : unread(signed);
    return itemOf(entry, { ...found, detail: signed.message }, undefined, ports);
  }
  await onRead(signed.bytes);
  const found = judged(signed.signature, entry) ?? (await verifyArchive(signed.manifest, reading, options));
  if (found.result !== 'ok') {
    // Removed or made anew meanwhile, it says nothing of what is there now.
    const now = await read();
    if (now === undefined) return undefined;
    if (!(now instanceof Error) && now.manifest.archiver.runId !== signed.manifest.archiver.runId)
      return holdUp(entry, ports, options, onRead);
  }
  return itemOf(entry, asSigned(found, signed.signature, entry), signed.manifest, ports);
}

interface Found {
  readonly result: VerifyResult;
  readonly detail: string;
  readonly hint: string;
  readonly bytesRead: number;
}

const BAD_MANIFEST: Found = { result: 'bad-manifest', detail: '', hint: '', bytesRead: 0 };

/** What a manifest says that its holder of the key has not signed, is not worth comparing with. */
function judged(signature: SignatureVerdict, { key }: CatalogEntry): Found | undefined {
  if (signature.result === 'unknown')
    return { ...BAD_MANIFEST, result: 'newer-version', detail: `the manifest ${key} ${signature.detail}` };
  if (signature.result !== 'bad') return undefined;
  return { ...BAD_MANIFEST, result: 'bad-signature', detail: `the manifest ${key} ${signature.detail}` };
}

/** Without a signature the files are worth a look all the same. */
function asSigned(found: Found, signature: SignatureVerdict, { key }: CatalogEntry): Found {
  return signature.result === 'unsigned' && !isDamage(found.result)
    ? { ...found, result: 'unsigned', detail: `the manifest ${key} ${signature.detail}`, hint: '' }
    : found;
}

function itemOf(
  entry: CatalogEntry,
  { result, detail, hint, bytesRead }: Found,
  manifest: Manifest | undefined,
  { clock, reading }: VerifyPorts,
): VerifyItem {
  const { source, instanceId, backupId, startedAt } = entry.ref;
  const context = {
    manifestPlace: `${reading.store.description}/${entry.key}`,
    expiresAt: manifest?.backup.expiresAt,
    now: clock.now(),
  };
  return {
    source,
    instanceId,
    backupId,
    startedAt,
    result,
    detail,
    hint: hint === '' ? adviceFor(result, entry, context) : hint,
    files: manifest?.files.length ?? 0,
    bytesRead,
  };
}
