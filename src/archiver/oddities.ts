/** What is odd about a dump that was archived all the same: each is worth a warning, none is damage. */
import type { ManifestFile } from '../domain/manifest.ts';

export interface Oddity {
  /** Goes on a sentence that begins with the dump's name. */
  readonly what: string;
  readonly hint?: string;
}

export function odditiesOf({ size, announcedSize, rdb }: ManifestFile): Oddity[] {
  const found: Oddity[] = [];
  if (announcedSize !== undefined)
    found.push({
      what: `has ${size} bytes where the API announced ${announcedSize}; ${rdb ? 'its CRC-64 is right' : "so much the cloud's encryption may well add"}`,
    });
  if (rdb?.magic !== undefined)
    found.push({
      what: `begins with "${rdb.magic}", which this version does not know; its CRC-64 is right, so it was archived as it is`,
      hint: 'A server of the engine that wrote it should load it: try a restore, and look for a newer version of rdb-archiver.',
    });
  if (rdb?.trailingBytes !== undefined)
    found.push({
      what: `has ${rdb.trailingBytes} bytes behind its end; ${rdb.checksum === 'verified' ? 'the CRC-64 before them is right' : 'they too end as a dump without a checksum does'}, so it was archived as it is`,
      hint:
        rdb.checksum === 'verified'
          ? 'Some tool has left them there. Servers stop reading at the end.'
          : 'Servers stop reading there. `rdb-archiver inspect` shows what is before it, and a drill what a server makes of it.',
    });
  if (rdb?.uncounted !== undefined) {
    const { offset, keys, reason } = rdb.uncounted;
    found.push({
      what: `was archived without a count of its keys: ${keys} were counted up to byte ${offset}, and then ${reason}`,
      hint: `${rdb.checksum === 'verified' ? 'Its CRC-64 is right. ' : ''}A newer version of rdb-archiver may understand it.`,
    });
  }
  return found;
}
