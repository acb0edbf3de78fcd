/** Why a server ended before it had loaded, from what it wrote. Whose fault that is, is for verdict.ts to say. */
import type { ServerExit } from './server-process.ts';

/**
 * What a server objects to.
 * - `version`, `signature`, `type`: it does not know this version of the format, this magic, or one of its types and opcodes.
 * - `databases`: it was given fewer than the dump names.
 * - `module`: it has not the module. `module-value`: it has, and the module does not read the value.
 * - `memory`: it got none. `slow`: it took too long.
 * - `checksum`, `short`: the bytes that it read. `content`: what they say. `crash`: nothing, it crashed, over them or over something else.
 * - `unexplained`: none of these.
 */
export type Objection =
  | 'version'
  | 'signature'
  | 'type'
  | 'databases'
  | 'module'
  | 'module-value'
  | 'memory'
  | 'slow'
  | 'checksum'
  | 'short'
  | 'content'
  | 'crash'
  | 'unexplained';

export interface Refusal {
  readonly objection: Objection;
  readonly detail: string;
  /** The server's own words, where it had any. */
  readonly said?: string;
  /** The type of a module that it lacks, or whose value that does not read. */
  readonly module?: string;
}

interface Sign {
  readonly pattern: RegExp;
  readonly objection: Objection;
  readonly say: (found: RegExpExecArray, server: string) => string;
}

/** The wordings are those of Redis 2.8 to 8.6 and Valkey 8.0 to 9.1, as they were heard (`rdb.c`, `zmalloc.c`, `server.c`). */
const SIGNS: readonly Sign[] = [
  {
    pattern: /Can't handle (?:foreign )?RDB format version (\d+)/,
    objection: 'version',
    say: ([, version], server) => `${server} cannot read dumps of RDB version ${version}`,
  },
  {
    pattern: /Wrong signature trying to load DB/,
    objection: 'signature',
    say: (_, server) => `${server} does not know how the dump begins`,
  },
  {
    pattern: /Can't handle foreign type or opcode (\d+)|Unknown RDB (?:string )?encoding type (\d+)/,
    objection: 'type',
    say: ([, foreign, unknown], server) => `${server} does not know the type ${foreign ?? unknown}`,
  },
  {
    pattern: /configured to handle more than (\d+) databases/,
    objection: 'databases',
    say: ([, given], server) => `${server} was given ${given} databases, and the dump names more`,
  },
  {
    pattern: /no matching module(?: type)? '(?<module>[^']*)'/,
    objection: 'module',
    say: ([, name], server) => `${server} lacks the module of the type ${name}`,
  },
  {
    pattern: /module data for the module(?: type)? '(?<module>[^']*)'/,
    objection: 'module-value',
    say: ([, name], server) => `the module that ${server} has for the type ${name} does not read the value`,
  },
  {
    pattern: /Out Of Memory allocating|failed allocating \d+ bytes|Cannot allocate memory/i,
    objection: 'memory',
    say: (_, server) => `${server} could not get the memory that the dump needs`,
  },
  {
    pattern: /Wrong RDB checksum.*/,
    objection: 'checksum',
    say: ([line], server) => `${server} read other bytes than we wrote: ${line}`,
  },
  {
    pattern: /(?:Short read or OOM loading|Unexpected EOF).*/,
    objection: 'short',
    say: ([line], server) => `${server} could not read the dump to its end: ${line}`,
  },
  {
    pattern: /(?:Internal error in RDB|Bad file format|RDB has duplicated key|Duplicated key found).*/,
    objection: 'content',
    say: ([line], server) => `${server} does not take the dump: ${line}`,
  },
  {
    pattern: /(?:BUG REPORT START|ASSERTION FAILED).*/,
    objection: 'crash',
    say: ([line], server) => `${server} crashed on the dump: ${line}`,
  },
];

const CRASHES: readonly string[] = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE'];

/**
 * The first line that says why decides: behind it comes a report of the server's own checker, which reads the file anew and may stumble
 * over something else (Valkey 8.1 over the very first byte of what it had begun to load).
 */
export function refusalOf(log: readonly string[], { code, signal }: ServerExit, server: string): Refusal {
  for (const line of log) {
    for (const { pattern, objection, say } of SIGNS) {
      const found = pattern.exec(line);
      if (!found) continue;
      const { module } = found.groups ?? {};
      const what = { objection, detail: say(found, server), said: withoutStamp(line) };
      return { ...what, ...(module !== undefined && { module }) };
    }
  }
  // Nobody but the kernel sends this one: we have not yet asked it to stop.
  if (signal === 'SIGKILL')
    return {
      objection: 'memory',
      detail: `${server} was killed while it loaded, most likely for its memory`,
    };
  if (signal !== null && CRASHES.includes(signal))
    return { objection: 'crash', detail: `${server} crashed on the dump (${signal})` };
  // A server's last words may be an empty line.
  const said = log.map(withoutStamp).findLast((line) => line.trim() !== '');
  const how = signal ?? `exit status ${code}`;
  return {
    objection: 'unexplained',
    detail: `${server} ended before it had loaded (${how}): ${said ?? 'it said nothing'}`,
    ...(said !== undefined && { said }),
  };
}

/** `1:S 24 Nov 2026 07:49:58.511 # ` says nothing of the reason; without the year before 5.0, as `[1] ` before 3.0. */
function withoutStamp(line: string): string {
  return line.replace(/^(?:\d+:(?:\d+:)?\w|\[\d+\]) \d+ \w+ (?:\d{4} )?[\d:.]+ [#*.-] /, '');
}
