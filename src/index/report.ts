/** What `index` answers: a row for each month of a source. */
export interface IndexItem {
  readonly source: string;
  /** `2026-11` */
  readonly month: string;
  readonly archives: number;
  /** Manifests that had to be read, since the index did not hold them as they are now. */
  readonly read: number;
  /** Of these, such as it cannot hold: their ETag proves nothing. */
  readonly unprovable: number;
}
