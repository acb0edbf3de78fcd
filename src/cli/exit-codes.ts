/** The exit codes: the one table that the help texts, the documentation and the tests read. */

export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  incomplete: 3,
  damaged: 4,
  endangered: 5,
  unlisted: 10,
  storeRefused: 11,
  hungUp: 129,
  interrupted: 130,
  quit: 131,
  signalled: 140,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'everything asked for is done, or there was nothing to do',
  1: 'unexpected error: a bug',
  2: 'usage or configuration wrong; nothing was attempted',
  3: 'finished, but a backup, instance or source failed or is unknown',
  4: 'damage found: an archive does not match',
  5: 'an instance is stale, or a backup is about to be lost',
  10: 'no source could be listed (credentials, permission, network)',
  11: 'the destination refuses or cannot be reached; nothing was attempted',
  129: 'interrupted by SIGHUP; what was committed stays',
  130: 'interrupted by SIGINT; likewise',
  131: 'interrupted by SIGQUIT; likewise',
  140: 'interrupted by SIGUSR2; likewise',
  143: 'interrupted by SIGTERM; likewise',
};

/** The *Exit status* section of a command's help: the codes that this command can give, and no others. */
export function exitSection(codes: readonly ExitCode[]): string {
  const lines = codes.map((code) => `  ${String(code).padEnd(5)}${MEANINGS[code]}`);
  return `\nExit status:\n${lines.join('\n')}`;
}

/** What a command can give that takes its time. */
export const SIGNAL_CODES: readonly ExitCode[] = [
  EXIT.hungUp,
  EXIT.interrupted,
  EXIT.quit,
  EXIT.signalled,
  EXIT.terminated,
];

/** What a command can give that does no more than read its arguments and print. */
export const QUIET_CODES: readonly ExitCode[] = [EXIT.done, EXIT.bug, EXIT.usage];

/** What a command can give that speaks to the cloud and to the destination. */
export const WORKING_CODES: readonly ExitCode[] = [
  ...QUIET_CODES,
  EXIT.incomplete,
  EXIT.unlisted,
  EXIT.storeRefused,
  ...SIGNAL_CODES,
];

/** What a command can give that reads archives and finds out whether they match. */
export const ARCHIVE_CODES: readonly ExitCode[] = [
  ...QUIET_CODES,
  EXIT.incomplete,
  EXIT.damaged,
  EXIT.storeRefused,
  ...SIGNAL_CODES,
];

export const ALL_CODES: readonly ExitCode[] = Object.values(EXIT);
