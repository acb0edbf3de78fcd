/** A valid dump that no compression makes smaller: one key, whose value is noise. */
import { JONES } from '../../src/sandbox/crc64.ts';
import { bytesDump, type Dump } from '../../src/sandbox/dump.ts';
import { patterned } from './bodies.ts';

/** At least 32 bytes. */
export function denseDump(size: number, seed = 1): Dump {
  const head = Buffer.concat([
    Buffer.from('REDIS0010'),
    // SELECTDB 0, a string, its key, and a length of 32 bits.
    Buffer.from([0xfe, 0x00, 0x00, 0x01, 0x6b, 0x80, 0, 0, 0, 0]),
  ]);
  const length = size - head.length - 9;
  head.writeUInt32BE(length, head.length - 4);
  const content = Buffer.concat([head, patterned(length, seed), Buffer.from([0xff])]);
  const footer = Buffer.alloc(8);
  footer.writeBigUInt64LE(JONES.update(0n, content));
  return bytesDump(Buffer.concat([content, footer]));
}
