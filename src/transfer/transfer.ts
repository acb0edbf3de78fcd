/** How one file moves: link, download, inspection, store, proof, receipt. The story reads from top to bottom; the details have files of their own. */
import type { BackupFile } from '../domain/backup.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { RdbFacts, StoredFacts } from '../domain/manifest.ts';
import type { Storage } from '../domain/object-lock.ts';
import type { StoredForm } from '../domain/stored-form.ts';
import { drain, sha256Tap } from '../integrity/taps.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Throttle } from './bandwidth.ts';
import type { HttpGet } from './http-get.ts';
import { type Inspection, inspect } from './inspection.ts';
import { type AskForFiles, createLinkLease } from './link-lease.ts';
import { connectionsFor, openParallel, type SegmentBuffers } from './parallel-download.ts';
import { type Download, FileRestart, openDownload } from './resumable-download.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import { storedBody } from './stored-body.ts';

/** What a transfer tells while it works. */
export interface TransferListener {
  begin(size: number | undefined): void;
  /** Bytes of the file that have gone to the store. */
  progress(position: number): void;
  resumed(position: number, cause: string): void;
  restarted(cause: string): void;
  linkRenewed(): void;
}

export interface TransferJob {
  /** For messages: which file of which backup. */
  readonly subject: string;
  readonly file: BackupFile;
  /** When `file.link` was asked for, in milliseconds since the epoch. */
  readonly askedAt: number;
  /** Asks for the backup's files anew. */
  readonly ask: AskForFiles;
  readonly key: string;
  /** How the store is to keep it. */
  readonly storage: Storage;
  readonly checkRdb: boolean;
  /** True for one that the cloud encrypted. */
  readonly encrypted?: boolean | undefined;
  /** Shown the first bytes of what is not checked, each time that it is fetched. */
  readonly onHead?: (head: Uint8Array) => void;
  /** True for a dump that was called damaged before: it is looked at more closely. */
  readonly suspected: boolean;
  /** True to keep only a damaged dump, for quarantine. */
  readonly keepDamaged: boolean;
  /** Called when all bytes are right and before the object becomes visible; throws to give the upload up. */
  readonly beforeVisible: () => Promise<void>;
  readonly listener: TransferListener;
  readonly signal: AbortSignal;
}

export interface TransferPolicy {
  /** Milliseconds without a byte that count as a failure. */
  readonly stallTimeoutMs: number;
  /** Bytes a second below which a download has failed; 0 for none. */
  readonly minimumRate: number;
  /** Bytes beyond which nothing is taken for a dump. */
  readonly largestDump: number;
  /** Attempts without progress. */
  readonly attempts: number;
  /** Connections for one file: a number, or by its size. */
  readonly connections: number | 'auto';
  /** `auto` reads an object back only where the store cannot prove that it holds the right bytes. */
  readonly readback: 'auto' | 'always';
  /** True to count the keys of each dump on its way, for the manifest. */
  readonly countKeys: boolean;
}

export interface TransferPorts {
  readonly store: ObjectStore;
  readonly get: HttpGet;
  readonly throttle: Throttle;
  readonly clock: Clock;
  /** Where the segments of files wait that come over several connections. */
  readonly segments: SegmentBuffers;
  readonly policy: TransferPolicy;
  /** How files are stored; absent: as they came. */
  readonly form?: StoredForm;
}

export interface FileReceipt {
  readonly name: string;
  readonly key: string;
  /** Bytes of the dump, as the cloud gave it. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly etag?: string;
  readonly stored?: StoredFacts;
  readonly announcedSize?: number;
  readonly rdb?: RdbFacts;
  /** What is wrong with it, for a damaged dump that was kept. */
  readonly damage?: string;
}

const CONTENT_TYPE = 'application/octet-stream';

/**
 * Moves one file into the store and proves that it lies there. Rejects with `DamagedDump` (unless `keepDamaged`), with an
 * `ArchiverError` of the download, the link or the store, with what `beforeVisible` throws, or with the signal's reason.
 */
export async function transferFile(job: TransferJob, ports: TransferPorts): Promise<FileReceipt> {
  const budget = createBudget(job, ports, job.signal);
  for (;;) {
    try {
      return await moveOnce(job, ports, budget);
    } catch (error) {
      if (!(error instanceof FileRestart)) throw error;
      job.listener.restarted(error.message);
      await budget.failed(error.message);
    }
  }
}

function createBudget({ subject }: TransferJob, ports: TransferPorts, signal: AbortSignal): RetryBudget {
  return createRetryBudget({ attempts: ports.policy.attempts, subject, clock: ports.clock, signal });
}

async function moveOnce(job: TransferJob, ports: TransferPorts, budget: RetryBudget): Promise<FileReceipt> {
  const { store, policy } = ports;
  const { subject, file, listener, signal } = job;
  const download = await openWide(job, ports, budget);
  listener.begin(download.size);

  const inspected = inspect(throttled(download.body, ports.throttle, job), {
    subject,
    contentLength: download.size,
    announcedSize: file.announcedSize,
    checkRdb: job.checkRdb,
    encrypted: job.encrypted,
    onHead: job.onHead,
    countKeys: policy.countKeys,
    seekEnd: job.suspected,
    keepDamaged: job.keepDamaged,
    beforeVisible: job.beforeVisible,
  });
  // An announced size is only a hint, but enough to say before the first byte that it could never be held.
  const size = download.size === undefined ? expectedOf(file) : { size: download.size };
  const { key, storage } = job;
  const sending = storedBody(inspected.body, size, ports.form);
  const options = { ...sending.size, storage, contentType: CONTENT_TYPE, signal };
  const { proof, etag } = await store.upload(key, sending.body, options);

  const inspection = inspected.result();
  const stored = sending.stored();
  if (proof === 'none' || policy.readback === 'always') await readBack(job, store, stored ?? inspection);
  await store.retain(key, storage, { signal });
  return receipt(job, inspection, { ...(etag !== undefined && { etag }), ...(stored && { stored }) });
}

/** Over as many connections as are wanted and the file is worth. */
async function openWide(job: TransferJob, ports: TransferPorts, budget: RetryBudget): Promise<Download> {
  const { clock, get, policy, segments } = ports;
  const { subject, file, listener, signal } = job;
  const lease = createLinkLease({
    file,
    askedAt: job.askedAt,
    ask: job.ask,
    clock,
    onRenewal: listener.linkRenewed,
  });
  const { stallTimeoutMs, minimumRate, largestDump } = policy;
  const options = {
    ...{ subject, lease, get, budget, clock, signal, stallTimeoutMs, minimumRate, largestDump },
    ...expectedOf(file),
    onResume: listener.resumed,
  };
  const first = await openDownload(options);
  return openParallel(first, {
    connections: connectionsFor(policy.connections, first.size),
    buffers: segments,
    signal,
    openRange: (range, inner) =>
      openDownload({ ...options, range, signal: inner, budget: createBudget(job, ports, inner) }),
  });
}

function expectedOf({ announcedSize }: BackupFile): { readonly expectedSize?: number } {
  return announcedSize === undefined ? {} : { expectedSize: announcedSize };
}

async function* throttled(
  body: AsyncIterable<Uint8Array>,
  throttle: Throttle,
  job: TransferJob,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of body) {
    await throttle(chunk.byteLength, job.signal);
    yield chunk;
    position += chunk.byteLength;
    job.listener.progress(position);
  }
}

/** The proof where the store gives none: its bytes have our digest. */
async function readBack(
  job: TransferJob,
  store: ObjectStore,
  sent: { readonly size: number; readonly sha256: string },
): Promise<void> {
  const held = await heldAt(job.key, sent, store, job.signal);
  if (held === 'same') return;
  const found = held === 'other' ? 'other bytes than were sent' : 'nothing';
  throw new ArchiverError('store-failed', `${store.description} gives ${found} back for ${job.key}`);
}

/** What the store gives back for a key, against what should lie there: every byte is read. */
export async function heldAt(
  key: string,
  { size, sha256 }: { readonly size: number; readonly sha256: string },
  store: ObjectStore,
  signal: AbortSignal,
): Promise<'same' | 'other' | 'nothing'> {
  const body = await store.read(key, { signal, expectedSize: size });
  if (!body) return 'nothing';
  const found = sha256Tap();
  await drain(body, [found]);
  return found.result() === sha256 ? 'same' : 'other';
}

function receipt(
  job: TransferJob,
  inspection: Inspection,
  held: Pick<FileReceipt, 'etag' | 'stored'>,
): FileReceipt {
  const { judgement, size, sha256 } = inspection;
  const base = { name: job.file.name, key: job.key, size, sha256, ...held };
  if (judgement.kind === 'damaged') return { ...base, damage: judgement.problem };
  const { rdb, announcedSize } = judgement;
  return { ...base, ...(announcedSize !== undefined && { announcedSize }), ...(rdb && { rdb }) };
}
