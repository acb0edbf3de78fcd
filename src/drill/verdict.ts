/**
 * What it means for an archive that a server refuses its dump, or loads other keys: whether it is the dump's fault, the machine's, or only
 * the wrong server. The dump's bytes have been proved before (SHA-256, CRC-64). Pure.
 */
import type { Census } from '../domain/census.ts';
import type { Stranger } from './choose-server.ts';
import type { Objection } from './refusal.ts';
import type { DrillFailure, DrillReason, ServerTrial } from './report.ts';

/**
 * Only what a server says of the dump's contents is the dump's fault, and only where its word counts: it descends from the server that
 * wrote the dump, and is as new. What it does not know or does not have, nobody can blame on a dump; and what it says of bytes that we
 * have just read, counted and found right, it says of its disk or its memory.
 */
export function reasonOf(
  objection: Objection,
  stranger: Stranger | undefined,
  { ending }: Pick<Census, 'ending'>,
): DrillReason {
  switch (objection) {
    case 'version':
    case 'signature':
      return stranger ?? 'server-too-old';
    case 'type':
      // Where we stumble too, it is hardly one that a later server knows; but what nobody knows is no damage.
      return stranger ?? (ending.kind === 'damaged' ? 'not-understood' : 'server-too-old');
    case 'module':
      return 'module-missing';
    case 'module-value':
      return stranger ?? 'module-missing';
    case 'memory':
      return 'no-memory';
    case 'slow':
      return 'timeout';
    case 'databases':
      // As many as we have seen it was given.
      return ending.kind === 'complete' ? 'server-failed' : 'not-understood';
    case 'short':
      // That it runs out of bytes, or of memory, it says too where it is the one that goes astray.
      if (ending.kind === 'complete') return 'server-failed';
      return stranger ?? (ending.kind === 'damaged' ? 'refused' : 'not-understood');
    case 'content':
    case 'crash':
      return stranger ?? 'refused';
    case 'checksum':
    case 'unexplained':
      return 'server-failed';
  }
}

const FAILURES: Readonly<Record<DrillFailure, true>> = {
  damaged: true,
  refused: true,
  'keys-differ': true,
  'assertion-failed': true,
};

/** Whether what came of a dump in a server, or of an archive, is the archive's fault. */
export function isFailure(result: ServerTrial['result']): boolean {
  return result in FAILURES;
}
