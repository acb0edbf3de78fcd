/** Why a server ended before it had loaded, from what it wrote: whose fault it is decides between exit status 3 and 4. */
import type { DrillReason } from './report.ts';
import type { ServerExit } from './server-process.ts';

export interface Refusal {
  readonly reason: DrillReason;
  readonly detail: string;
}

interface Sign {
  readonly pattern: RegExp;
  readonly reason: DrillReason;
  readonly say: (found: RegExpExecArray, server: string) => string;
}

/** First that is found wins. The wordings are those of Redis 5.0 to 8 and Valkey 7.2 to 9 (`rdb.c`, `zmalloc.c`, `server.c`). */
const SIGNS: readonly Sign[] = [
  {
    pattern: /Can't handle (?:foreign )?RDB format version (\d+)/,
    reason: 'server-too-old',
    say: ([, version], server) => `${server} cannot read dumps of RDB version ${version}`,
  },
  {
    pattern: /no matching module(?: type)? '([^']*)'|for the module type '([^']*)'/,
    reason: 'module-missing',
    say: ([, named, typed], server) => `${server} lacks the module of the type ${named ?? typed}`,
  },
  {
    pattern: /Out Of Memory allocating|failed allocating \d+ bytes|Cannot allocate memory/i,
    reason: 'no-memory',
    say: (_, server) => `${server} could not get the memory that the dump needs`,
  },
  {
    pattern:
      /(?:Internal error in RDB|Unknown RDB|Wrong RDB checksum|Wrong signature|Short read or OOM loading|Bad file format|RDB has duplicated key|Duplicated key found|Unexpected EOF|BUG REPORT START|ASSERTION FAILED).*/,
    reason: 'refused',
    say: ([line], server) => `${server} does not take the dump: ${line}`,
  },
];

const CRASHES: readonly string[] = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE'];

export function refusalOf(log: readonly string[], { code, signal }: ServerExit, server: string): Refusal {
  for (const { pattern, reason, say } of SIGNS) {
    for (const line of log) {
      const found = pattern.exec(line);
      if (found) return { reason, detail: say(found, server) };
    }
  }
  // Nobody but the kernel sends this one: we have not yet asked it to stop.
  if (signal === 'SIGKILL')
    return {
      reason: 'no-memory',
      detail: `${server} was killed while it loaded, most likely for its memory`,
    };
  if (signal !== null && CRASHES.includes(signal))
    return { reason: 'refused', detail: `${server} crashed on the dump (${signal})` };
  const last = log.at(-1)?.replace(/^\d+:\w+ .{24} [#*.-] /, '') ?? 'it said nothing';
  const how = signal ?? `exit status ${code}`;
  return { reason: 'server-failed', detail: `${server} ended before it had loaded (${how}): ${last}` };
}
