/** The cloud's wall-clock times: `YYYY-MM-DD HH:mm:ss` in UTC+8, without saying so (shown by the UUIDs of its published examples). */

const OFFSET_MS = 8 * 60 * 60 * 1000;
const FORM = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/;

/** Milliseconds since the epoch to the cloud's form. */
export function toCloudTime(milliseconds: number): string {
  return new Date(milliseconds + OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');
}

/** The cloud's form to milliseconds since the epoch; NaN where it is none. */
export function fromCloudTime(text: string): number {
  const [, day, time] = FORM.exec(text) ?? [];
  return Date.parse(`${day}T${time}Z`) - OFFSET_MS;
}
