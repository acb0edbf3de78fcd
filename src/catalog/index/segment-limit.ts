/** How large a segment of the index may be, in bytes: a sixteenth of a month of 10,000 instances that are archived daily takes 4 MB. */
export const SEGMENT_LIMIT = 64 * 1024 * 1024;
