/** What to do about a drill that did not pass. */
import { serverName } from '../domain/rdb-magic.ts';
import { whoLoads } from './compatibility.ts';
import type { DumpToLoad } from './dump-to-load.ts';
import type { DrillReason } from './report.ts';

const WHERE = '--server, drill.servers, ARCHIVER_DRILL_SERVERS';
const NAME_IT = `Name it: ${WHERE}.`;
const NAME_SCRIPT = `Name a script that starts it with its modules (--loadmodule): ${WHERE}.`;

export const HINTS: Readonly<Record<DrillReason, string>> = {
  damaged: 'Archive the backup again while the cloud still has it, then drill it again.',
  refused:
    "The bytes are the cloud's own. Try another server (--server); where that refuses too, take a new backup of the instance and ask the cloud's support.",
  'keys-differ':
    '`rdb-archiver inspect` shows what is in the dump. Try another server (--server), and please report it.',
  'assertion-failed':
    '`rdb-archiver inspect` shows what is in the dump; what is demanded is in `drill.rules`.',
  encrypted: '`rdb-archiver verify` proves that the bytes are right.',
  'not-opened':
    "`rdb-archiver verify` says whether its bytes are the cloud's. `restore --key FILE` hands its key out (docs/encrypted-backups.md).",
  'no-rdb':
    'Only the cloud can load what this engine writes. `rdb-archiver verify` proves that the bytes are right.',
  'server-too-old': `It needs a newer server. ${NAME_IT}`,
  'other-family': `It needs a server of the engine that wrote it. ${NAME_IT}`,
  'module-missing': `It needs a server with the module. ${NAME_SCRIPT}`,
  'slots-moving':
    'Only a node of a cluster loads it (`cluster-enabled yes`), and drops those slots. Drill a backup that was made while no slots moved; `rdb-archiver verify` proves the bytes of this one.',
  'no-memory': 'Drill it where more memory is free (docs/drill.md).',
  'no-space': 'Name a folder with more room: drill.directory, ARCHIVER_DRILL_DIRECTORY.',
  'not-understood': 'Please report it, with the output of `rdb-archiver inspect`.',
  timeout: 'Drill it on a machine that is less busy, or with a faster disk.',
  'server-failed': 'Start the server by hand to see what it lacks.',
  unreadable: 'Where a lifecycle rule moved it to cold storage, have it restored there first.',
};

/** Which server it takes, where that is what is missing; undefined where the reason alone says what to do. */
export function serverNeeded(
  reason: DrillReason,
  dump: DumpToLoad,
  /** Whether one has been asked that is older than its writer or no descendant, and which module one lacked: the dump may not have been read so far. */
  { strangerAsked, module }: { readonly strangerAsked: boolean; readonly module?: string },
): string | undefined {
  if (!dump.known) return undefined;
  if (reason === 'module-missing') {
    const modules = module === undefined ? dump.modules : [...dump.modules, module];
    return `It needs ${whoLoads({ ...dump, modules })}. ${NAME_SCRIPT}`;
  }
  if (reason !== 'server-too-old' && reason !== 'other-family') return undefined;
  const writer = serverName(dump.writer);
  if (strangerAsked && writer !== undefined)
    return `It needs ${writer} or newer: that one wrote it. ${NAME_IT}`;
  return `It needs ${whoLoads(dump)}. ${NAME_IT}`;
}
