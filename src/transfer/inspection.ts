/** Inspects a download while it streams into the store, and decides at its end whether the object may become visible. */
import { ArchiverError } from '../domain/errors.ts';
import { type Judgement, judgeReceived } from '../integrity/compare.ts';
import { looksLikeWebPage, type RdbVerdict, rdbTap, WEB_PAGE_HEAD } from '../integrity/rdb.ts';
import { sha256Tap, sizeTap, type Tap, tapped } from '../integrity/taps.ts';
import { type KeyCount, keyTotalsTap } from '../rdb/key-totals.ts';

export interface InspectionOptions {
  /** For messages. */
  readonly subject: string;
  readonly contentLength: number | undefined;
  readonly announcedSize: number | undefined;
  /** False for encrypted dumps and for engines that write no RDB: their format cannot be checked. */
  readonly checkRdb: boolean;
  /** True for one that the cloud encrypted. */
  readonly encrypted?: boolean | undefined;
  /** Shown the first bytes of what is not checked. */
  readonly onHead?: ((head: Uint8Array) => void) | undefined;
  /** True to count the keys too, where the format is checked. */
  readonly countKeys: boolean;
  /** True for one that was called damaged before: where its end is, is seen by walking it too, so that the checksum may prove more. */
  readonly seekEnd: boolean;
  /** True to keep a damaged dump too, for quarantine. */
  readonly keepDamaged: boolean;
  readonly beforeVisible: () => Promise<void>;
}

export interface Inspection {
  readonly size: number;
  readonly sha256: string;
  readonly judgement: Exclude<Judgement, { kind: 'web-page' }>;
}

export interface InspectedStream {
  /** The same bytes; throws after the last one when they must not become an object. */
  readonly body: AsyncIterable<Uint8Array>;
  /** What was found; ask when `body` has ended well. */
  result(): Inspection;
}

/** A dump that came whole and is damaged: a result, not an accident. Nothing of it became visible. */
export class DamagedDump extends Error {
  override readonly name = 'DamagedDump';
  /** It may be whole, and nothing says so. */
  readonly unproved: boolean;

  constructor({ problem, unproved = false }: { readonly problem: string; readonly unproved?: boolean }) {
    super(problem);
    this.unproved = unproved;
  }
}

/** `source` is read once. The body throws `DamagedDump` (unless damaged ones are kept), `download-failed`, or what `beforeVisible` throws. */
export function inspect(source: AsyncIterable<Uint8Array>, options: InspectionOptions): InspectedStream {
  const size = sizeTap();
  const sha256 = sha256Tap();
  const walk = options.checkRdb && (options.countKeys || options.seekEnd) ? keyTotalsTap() : undefined;
  const format = options.checkRdb ? rdbTap(walk) : exemptTap(options.onHead);
  const taps: Tap<unknown>[] = [size, sha256, format];
  let inspection: Inspection | undefined;

  async function* body(): AsyncGenerator<Uint8Array> {
    yield* tapped(source, taps);
    const received = size.result();
    const rdb = format.result();
    const judgement = judgeReceived({
      size: received,
      ...(options.contentLength !== undefined && { contentLength: options.contentLength }),
      ...(options.announcedSize !== undefined && { announcedSize: options.announcedSize }),
      encrypted: options.encrypted,
      ...(rdb && { rdb }),
    });
    const count = options.countKeys ? walk?.result() : undefined;
    const admitted = withContents(admit(judgement, options), count);
    inspection = { size: received, sha256: sha256.result(), judgement: admitted };
    await options.beforeVisible();
  }

  return {
    body: body(),
    result() {
      if (!inspection) throw new Error('the inspection was asked before its stream had ended');
      return inspection;
    },
  };
}

/** What the keys' counts add to a good dump; nothing where they were not asked for. */
function withContents(
  judgement: Inspection['judgement'],
  count: KeyCount | undefined,
): Inspection['judgement'] {
  if (judgement.kind !== 'good' || !judgement.rdb || !count) return judgement;
  return { ...judgement, rdb: { ...judgement.rdb, ...count } };
}

/** Throws for what must not become an object. */
function admit(judgement: Judgement, { subject, keepDamaged }: InspectionOptions): Inspection['judgement'] {
  switch (judgement.kind) {
    case 'web-page':
      // Some portal or proxy answered. The cloud's copy may be perfect, so this is no quarantine case.
      throw new ArchiverError(
        'download-failed',
        `the link of ${subject} gave no dump: ${judgement.problem}`,
        {
          hint: "A proxy or a captive portal seems to answer in the cloud's place: check HTTPS_PROXY and NO_PROXY.",
        },
      );
    case 'damaged':
      // Whatever answered, a copy of it would lie in the bucket: quarantine is for dumps.
      if (judgement.alien)
        throw new ArchiverError(
          'download-failed',
          `the link of ${subject} gave no dump: ${judgement.problem}`,
          {
            hint: 'Look at where the link leads: `rdb-archiver check` asks for the first bytes of one.',
          },
        );
      if (!keepDamaged) throw new DamagedDump(judgement);
      return judgement;
    case 'good':
      if (keepDamaged) {
        throw new ArchiverError(
          'download-failed',
          `${subject} came damaged twice and intact the third time: the way to it is unreliable`,
        );
      }
      return judgement;
  }
}

/** For formats that we cannot check: only a web page in a dump's place is told apart. */
function exemptTap(onHead: InspectionOptions['onHead']): Tap<RdbVerdict | undefined> {
  let head = Buffer.alloc(0);
  return {
    update(chunk) {
      if (head.length === WEB_PAGE_HEAD) return;
      head = Buffer.concat([head, chunk]).subarray(0, WEB_PAGE_HEAD);
      if (head.length === WEB_PAGE_HEAD) onHead?.(head);
    },
    result() {
      if (looksLikeWebPage(head)) return { kind: 'web-page', problem: 'the answer is a web page' };
      // A shorter one has not shown it yet.
      if (head.length < WEB_PAGE_HEAD) onHead?.(head);
      return undefined;
    },
  };
}
