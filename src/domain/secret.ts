/** A value that must never be printed: whatever serialises it writes `[redacted]`. */
import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/** Wraps a key, token or password. Only `reveal()` gives it out; string conversion, JSON and `console.log` do not. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself, for the one place that must send or sign with it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
