/** What is in a dump, without a server: an archive's, or one that lies anywhere else. */

import { type ArchivedFile, openArchivedFile, type ReadPorts } from '../catalog/archived-file.ts';
import type { Access } from '../catalog/backup-access.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { type ArchiveChoice, findArchive } from '../catalog/find-archive.ts';
import { dumpName } from '../domain/archive-key.ts';
import type { Census } from '../domain/census.ts';
import type { Clock } from '../domain/clock.ts';
import { asArchiverError } from '../domain/errors.ts';
import { worstOf } from '../domain/exit-code.ts';
import { writesRdb } from '../domain/instance.ts';
import { type Manifest, type ManifestFile, type RdbFacts, refOf } from '../domain/manifest.ts';
import { type RdbVerdict, rdbTap } from '../integrity/rdb.ts';
import { drain } from '../integrity/taps.ts';
import { censusTap } from '../rdb/census.ts';
import type { InspectedFile, InspectReport } from './report.ts';

export interface InspectRequest extends ArchiveChoice {
  /** So many of the largest keys and of the most common prefixes. */
  readonly top: number;
}

export interface InspectPorts {
  readonly catalog: Catalog;
  readonly reading: ReadPorts;
  readonly clock: Clock;
}

type Problem = InspectReport['problems'][number];

const EXIT_OF: Readonly<Record<InspectedFile['result'], number>> = {
  ok: 0,
  damaged: 4,
  'not-understood': 3,
  'not-opened': 3,
  unreadable: 3,
};

/** Reads every byte of the archive once. Rejects with what `findArchive` says, or `config` where nothing can decrypt it. */
export async function inspectArchive(
  request: InspectRequest,
  ports: InspectPorts,
  signal: AbortSignal,
): Promise<InspectReport> {
  const manifest = await findArchive(ports.catalog, request, signal);
  const { instance, files } = manifest;
  const archive = refOf(manifest);
  const access = await ports.reading.access.to(manifest, { signal });
  const obstacle = obstacleOf(manifest, access);
  if (obstacle) return { archive, ...reportOf([], [obstacle]), exitCode: 3 };

  const items: InspectedFile[] = [];
  for (const [index, file] of files.entries())
    items.push(
      await inspectOne(file, { name: dumpName(index + 1, files.length), access }, request.top, ports, signal),
    );
  return {
    archive,
    ...reportOf(
      items,
      items.flatMap((item) => adviceFor(item, instance.id)),
    ),
  };
}

/** Walks any bytes. What reading them throws comes out; whatever they are does not. */
export async function inspectBytes(
  name: string,
  body: AsyncIterable<Uint8Array>,
  { asOf, top }: { readonly asOf: number; readonly top: number },
): Promise<InspectReport> {
  const walk = censusTap({ asOf, top });
  const format = rdbTap(walk);
  await drain(body, [format]);
  const item = { name, ...judged(walk.result(), format.result()) };
  return { archive: null, ...reportOf([item], adviceFor(item)) };
}

/** Why there is nothing to walk. */
function obstacleOf({ instance, backup }: Manifest, access: Access): Problem | undefined {
  if (access.kind === 'locked')
    return {
      message: `backup ${backup.id} of ${instance.id} ${access.detail}`,
      hint: `${access.hint} \`rdb-archiver verify\` proves that its bytes are all there.`,
    };
  if (!writesRdb(instance))
    return {
      message: `backup ${backup.id} of ${instance.id} is no RDB file: ${instance.engine} writes a format of its own`,
      hint: '`rdb-archiver verify` proves that its bytes are all there.',
    };
  return undefined;
}

async function inspectOne(
  file: ManifestFile,
  { name, access }: { readonly name: string; readonly access: Access },
  top: number,
  { reading, clock }: InspectPorts,
  signal: AbortSignal,
): Promise<InspectedFile> {
  const about = { name, key: file.key };
  const walk = censusTap({ asOf: clock.now(), top });
  let archived: ArchivedFile | undefined;
  try {
    archived = await openArchivedFile(file, reading, {
      signal,
      walk,
      ...(access.kind === 'unlocked' && { unlock: access.unlock }),
    });
    if (archived) await drain(archived.body, []);
  } catch (thrown) {
    signal.throwIfAborted();
    const { code, message } = asArchiverError(thrown);
    // A missing identity and a store that is not there concern all files alike.
    if (code === 'config' || code === 'internal' || code === 'store-unreachable') throw thrown;
    const result =
      code === 'archive-damaged' ? 'damaged' : code === 'not-opened' ? 'not-opened' : 'unreadable';
    return { ...about, result, detail: message, checksum: null, census: null };
  }
  if (!archived)
    return { ...about, result: 'damaged', detail: `${file.key} is not there`, checksum: null, census: null };

  const census = walk.result();
  const verdict = archived.verdict();
  if (verdict.result !== 'ok') {
    const result = verdict.result === 'not-opened' ? 'not-opened' : 'damaged';
    return { ...about, result, detail: verdict.detail, checksum: null, census };
  }
  const opened = archived.opened();
  return {
    ...about,
    ...(opened && { opened: opened.layout }),
    ...judged(census, verdict.rdb && { kind: 'intact', facts: verdict.rdb }),
  };
}

type Judged = Pick<InspectedFile, 'result' | 'detail' | 'checksum' | 'census'>;

/** The checksum decides about the bytes; how far the walk came only tells what is known of them. */
function judged(census: Census, format: RdbVerdict | undefined): Judged {
  const { ending } = census;
  switch (format?.kind) {
    case 'damaged':
    case 'web-page':
      return { result: 'damaged', detail: format.problem, checksum: null, census };
    case 'unproved':
      return ending.kind === 'damaged'
        ? { result: 'damaged', detail: endingProblem(ending), checksum: null, census }
        : { result: 'not-understood', detail: format.problem, checksum: 'absent', census };
    default:
      return judgedByWalk(census, format?.facts);
  }
}

/** Nothing speaks against the bytes. */
function judgedByWalk(census: Census, facts: RdbFacts | undefined): Judged {
  const { ending, size, trailingBytes } = census;
  const { checksum = null, trailingBytes: provedBytes = 0 } = facts ?? {};
  const given = { checksum, census };
  if (ending.kind !== 'complete') {
    const isKnown = ending.kind === 'damaged' || ending.kind === 'not-a-dump';
    if (isKnown && checksum !== 'verified')
      return { ...given, result: 'damaged', detail: endingProblem(ending) };
    return { ...given, result: 'not-understood', detail: whereItEnded(ending) };
  }
  const end = size - trailingBytes;
  if (checksum === 'verified' && trailingBytes !== provedBytes) {
    const detail = `at byte ${end}: what looks like its end is not the one that its checksum proves`;
    return { ...given, result: 'not-understood', detail };
  }
  if (checksum !== 'verified' && trailingBytes > 0) {
    const detail = `${trailingBytes} bytes follow its end at byte ${end}, and no checksum says which of them belong to it`;
    return { ...given, result: 'not-understood', detail };
  }
  return { ...given, result: 'ok', detail: '' };
}

type Unfinished = Exclude<Census['ending'], { kind: 'complete' }>;

/** How the walk ended, where the bytes are wrong or nobody knows whether they are right. */
function endingProblem(ending: Unfinished): string {
  switch (ending.kind) {
    case 'unknown-type':
      return whereItEnded(ending);
    case 'damaged':
      return `damaged structure ${whereItEnded(ending)}`;
    case 'not-a-dump':
      return `it is no RDB file: ${ending.detail}`;
  }
}

function whereItEnded({ kind, offset, detail }: Unfinished): string {
  return kind === 'not-a-dump' ? detail : `at byte ${offset}: ${detail}`;
}

function adviceFor(item: InspectedFile, instanceId?: string): Problem[] {
  const { key, name, result, detail } = item;
  const message = `${key ?? name}: ${detail}`;
  switch (result) {
    case 'ok':
      return [];
    case 'damaged':
      return [
        {
          message: `damaged: ${message}`,
          hint:
            instanceId === undefined
              ? 'Fetch it anew; what is shown is what could be read of it.'
              : `Archive it again while the cloud still has it; an older archive may be whole: \`rdb-archiver list archives ${instanceId}\`.`,
        },
      ];
    case 'not-understood':
      return [{ message, hint: whatIsKnown(item) }];
    case 'not-opened':
      return [{ message, hint: NOT_OPENED }];
    case 'unreadable':
      return [{ message, hint: 'Nothing is known of it: see what the destination says, and try again.' }];
  }
}

/** Of a dump that was not understood. */
function whatIsKnown({ checksum, census }: InspectedFile): string {
  const proved =
    checksum === 'verified' ? 'Its checksum is right, so its bytes are as the server wrote them. ' : '';
  switch (census?.ending.kind) {
    case 'complete':
      return proved === ''
        ? 'Nothing proves that it is whole: it was written without a checksum. A server reads as far as the figures reach.'
        : `${proved}The figures are those of the part before; please report it.`;
    case 'not-a-dump':
      return `${proved}A server of the engine that wrote it loads it.`;
    default:
      return `${proved}The figures are those of the part before; a server of its own version loads it.`;
  }
}

const NOT_OPENED =
  'Its bytes are as the cloud gave them where `rdb-archiver verify` says so. `restore --key FILE` hands its key out (docs/encrypted-backups.md).';

function reportOf(
  items: readonly InspectedFile[],
  problems: readonly Problem[],
): Omit<InspectReport, 'archive'> {
  const sum = (amount: (census: Census) => number): number =>
    items.reduce((total, { census }) => total + (census ? amount(census) : 0), 0);
  return {
    items,
    total: {
      keys: sum(({ keys }) => keys),
      expiring: sum(({ expiring }) => expiring),
      expired: sum(({ expired }) => expired),
      empty: sum(({ empty }) => empty),
      bytes: sum(({ bytes }) => bytes),
      size: sum(({ size }) => size),
    },
    problems,
    exitCode: worstOf(new Set(items.map(({ result }) => EXIT_OF[result]))),
  };
}
