/** The signals that end the program in good order, each with the exit status that a shell gives to whom it kills. */

/** SIGHUP comes when a terminal closes, SIGUSR2 from tools that rotate logs or restart a process: by itself each would end Node without a word. */
export const STOP_SIGNALS = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGQUIT: 131,
  SIGUSR2: 140,
  SIGTERM: 143,
} as const;

export type StopSignal = keyof typeof STOP_SIGNALS;

export const STOP_SIGNAL_NAMES: readonly StopSignal[] = Object.keys(STOP_SIGNALS) as StopSignal[];

export const STOP_EXITS: readonly number[] = Object.values(STOP_SIGNALS);
