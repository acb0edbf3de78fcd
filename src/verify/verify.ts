/** Checks archives against their manifests: all of them, a sample in rotation, or only by what the store says of its objects. */
import type { ReadPorts } from '../catalog/archived-file.ts';
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { archivesOf, eachEntry, orExplain, type WantedArchives } from '../catalog/each-archive.ts';
import type { SignatureVerdict } from '../catalog/signature.ts';
import { isDamage, type Listed, unread, verifyArchive } from '../catalog/verify-archive.ts';
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import { compareText } from '../domain/compare-text.ts';
import { ArchiverError } from '../domain/errors.ts';
import { worstOf } from '../domain/exit-code.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { VerifyResult, VerifyRun } from '../domain/verification.ts';
import { adviceFor } from './advice.ts';
import { listData } from './listed-data.ts';
import { openLog, type VerifyLog } from './log.ts';
import type { VerifyItem, VerifyReport, VerifySummary } from './report.ts';
import { type SampleOfArchives, sampleOf } from './sample.ts';
import type { Verifications } from './verifications.ts';

export interface VerifyPorts {
  readonly catalog: Catalog;
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
}

/** From so many archives on a listing of their dumps costs less than asking for each. */
const LISTING_PAYS = 3;

/** Finding nothing to verify is a failure: a check that quietly checks nothing reassures wrongly. */
export async function verify(
  ports: VerifyPorts,
  request: VerifyRequest,
  signal: AbortSignal,
): Promise<VerifyReport> {
  const { instanceId, backupId, quick, samplePercent: percent } = request;
  const everything = instanceId === undefined && backupId === undefined;
  const entries = await archivesOf(ports.catalog, request, signal);
  const data = { store: ports.reading.store, layout: ports.layout };
  const sample =
    percent === undefined
      ? undefined
      : await sampleOf(entries, { percent, everything }, { ...data, ...ports }, signal);
  const listed = quick && entries.length >= LISTING_PAYS ? await factsOf(entries, data, signal) : undefined;
  const existing = everything ? new Set(entries.map(({ key }) => key)) : undefined;
  const log = openLog(existing, ports.layout.manifestKey, ports);

  const items: VerifyItem[] = [];
  await eachEntry(sample?.chosen ?? entries, ports.concurrency, signal, async (entry, inner) => {
    const item = await hold(entry, ports, { quick, ...(listed && { listed }), signal: inner });
    if (item === undefined) return;
    items.push(item);
    if (!quick) await log.note(entry, item.result, inner);
  });
  await log.close(signal);
  const report = reportOf(items, { request, sample, log });
  if (everything && !quick && items.length > 0 && !log.failure()) {
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

type HoldOptions = Parameters<typeof verifyArchive>[2];

/** Undefined for an archive that was removed since it was listed. */
async function hold(
  entry: CatalogEntry,
  ports: VerifyPorts,
  options: HoldOptions,
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
  const found = judged(signed.signature, entry) ?? (await verifyArchive(signed.manifest, reading, options));
  if (found.result !== 'ok') {
    // Removed or made anew meanwhile, it says nothing of what is there now.
    const now = await read();
    if (now === undefined) return undefined;
    if (!(now instanceof Error) && now.manifest.archiver.runId !== signed.manifest.archiver.runId)
      return hold(entry, ports, options);
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

async function factsOf(
  entries: readonly CatalogEntry[],
  data: Parameters<typeof listData>[1],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Listed>> {
  const facts = new Map<string, Listed>();
  for await (const { key, ...listed } of listData(entries, data, signal)) facts.set(key, listed);
  return facts;
}

interface Circumstances {
  readonly request: VerifyRequest;
  readonly sample: SampleOfArchives | undefined;
  readonly log: VerifyLog;
}

function reportOf(items: VerifyItem[], { request, sample, log }: Circumstances): VerifyReport {
  const summary: VerifySummary = {
    depth: request.quick ? 'quick' : sample ? 'sample' : 'full',
    archives: items.length,
    damaged: items.filter(({ result }) => isDamage(result)).length,
    unreadable: items.filter(({ result }) => isUnknown(result)).length,
    bytesRead: items.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    ...(sample && items.length > 0 && { rotation: sample.rotation(log.found) }),
  };
  const codes = new Set(items.map(({ result }) => (isDamage(result) ? 4 : result === 'ok' ? 0 : 3)));
  const problems = problemsOf(items);
  const failure = log.failure();
  // A rotation that is not kept reads the same archives each time, and would be called a success for ever.
  if (failure && sample) codes.add(3);
  if (failure) problems.push(failure);
  for (const message of sample?.lost ?? [])
    problems.push({ message, hint: 'Those archives count as never verified; nothing else depends on it.' });
  const nothing = nothingDone(summary);
  if (nothing) {
    codes.add(3);
    problems.push(nothing);
  }
  return { items: items.sort(byStart), problems, exitCode: worstOf(codes), summary };
}

/** Nothing speaks against such an archive, and nothing speaks for it. */
function isUnknown(result: VerifyResult): boolean {
  return result === 'not-opened' || result === 'unreadable' || result === 'unreadable-cold';
}

type Problem = VerifyReport['problems'][number];

/** The table, or the document, has them all. */
const PROBLEMS_TOLD = 20;

/** Damage first. */
function problemsOf(items: readonly VerifyItem[]): Problem[] {
  const wrong = items
    .filter(({ result }) => result !== 'ok')
    .sort(
      (one, other) => Number(isDamage(other.result)) - Number(isDamage(one.result)) || byStart(one, other),
    );
  const told = wrong.slice(0, PROBLEMS_TOLD).map(({ instanceId, backupId, result, detail, hint }) => ({
    message: `${result}: backup ${backupId} of ${instanceId}: ${detail}`,
    hint,
  }));
  const left = wrong.length - told.length;
  const rest = { message: `${left} more are not ok`, hint: '`--json` has what to do for each.' };
  return left === 0 ? told : [...told, rest];
}

function nothingDone({
  depth,
  archives,
  bytesRead,
  damaged,
  unreadable,
}: VerifySummary): Problem | undefined {
  if (archives === 0)
    return {
      message: 'no archive was found to verify',
      hint: '`rdb-archiver list archives` shows what there is.',
    };
  if (depth === 'quick' || bytesRead > 0 || damaged + unreadable > 0) return undefined;
  return {
    message: 'not one byte was read',
    hint: 'Archives without content prove nothing: look at what `rdb-archiver list archives` shows.',
  };
}

function byStart(left: VerifyItem, right: VerifyItem): number {
  return compareText(left.startedAt, right.startedAt) || compareText(left.instanceId, right.instanceId);
}
