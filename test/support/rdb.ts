/** Small RDB files made by hand, for tests of the format itself; everything else uses dumps of a real server. */
import { crc64Tap } from '../../src/integrity/crc64.ts';

export interface RdbOptions {
  readonly version?: number;
  /** Texts and 32-bit integers, as a server writes them. */
  readonly fields?: Readonly<Record<string, string | number>>;
  /** False for a server with `rdbchecksum no`. */
  readonly checksum?: boolean;
}

/** A whole file: magic, auxiliary fields, one string key, end and footer. */
export async function rdbFile({
  version = 11,
  fields = {},
  checksum = true,
}: RdbOptions = {}): Promise<Buffer> {
  const content = Buffer.concat([
    Buffer.from(`REDIS${String(version).padStart(4, '0')}`),
    ...Object.entries(fields).map(([name, value]) => auxiliaryField(name, value)),
    Buffer.from([0xfe, 0x00, 0x00]),
    shortString('key'),
    shortString('value'),
    Buffer.from([0xff]),
  ]);
  return Buffer.concat([content, checksum ? footer(content) : Buffer.alloc(8)]);
}

export function auxiliaryField(name: string, value: string | number): Buffer {
  return Buffer.concat([
    Buffer.from([0xfa]),
    shortString(name),
    typeof value === 'number' ? integer(value) : shortString(value),
  ]);
}

function shortString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8(0xc2);
  bytes.writeInt32LE(value, 1);
  return bytes;
}

function footer(content: Buffer): Buffer {
  const tap = crc64Tap();
  tap.update(content);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(tap.result());
  return bytes;
}
