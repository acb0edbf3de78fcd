/** Points in time as the product writes them: ISO 8601, UTC, whole seconds. */

/** For instance `2026-11-24T02:15:00Z`. Instants of this form sort as strings. */
export type Instant = string;

/** Milliseconds since the epoch to an instant; fractions of a second are cut. */
export function toInstant(milliseconds: number): Instant {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** An instant to milliseconds since the epoch. */
export function toEpoch(instant: Instant): number {
  return Date.parse(instant);
}

/** Whether a value that was read from somewhere is an instant. */
export function isInstant(value: unknown): value is Instant {
  return typeof value === 'string' && !Number.isNaN(toEpoch(value));
}

/** `2026-11-24T02:15:00Z` to `20261124T021500Z`, the form in object keys. */
export function stampOf(instant: Instant): string {
  return instant.replaceAll(/[-:]/g, '');
}

/** `2026-11-24T02:15:00Z` to `2026-11-24`, the catalog's folder. */
export function dayOf(instant: Instant): string {
  return instant.slice(0, 10);
}
