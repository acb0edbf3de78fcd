/** Rows: what the disk under a folder does wrong. */
import { breakDisk } from '../support/broken-disk.ts';
import { onceAndAlways, type Place, type Row, type Side } from './table.ts';

const SIZE = 1_500_000;
const BYTES: Readonly<Record<string, number>> = {
  'first byte': 0,
  'mid-file': SIZE / 2,
  'last byte': SIZE - 1,
};

const rows: readonly Row[] = [
  ...onceAndAlways('the disk is full', ['archived', 'store-failed'], {
    strike: (stage) =>
      breakDisk({ code: 'ENOSPC', after: filesBefore(stage), room: roomOf(stage), times: stage.times }),
  }),
  ...onceAndAlways('the disk is read-only', ['store-failed', 'store-failed'], {
    columns: ['first byte', 'manifest'],
    strike: (stage) => breakDisk({ code: 'EROFS', after: filesBefore(stage), times: stage.times }),
  }),
];

/** A run tries the folder with one small file; the manifest is written behind all dumps. */
function filesBefore({ column, shape }: Place): number {
  if (column !== 'manifest') return 1;
  return shape === 'one file' ? 2 : 4;
}

/** Bytes that each file may take. */
function roomOf({ column }: Place): number {
  return BYTES[column] ?? 0;
}

export const folder: Side = {
  title: 'Folder',
  about: 'Columns: the byte of the dump at which it happens, or the writing of the manifest.',
  columns: [...Object.keys(BYTES), 'manifest'],
  variants: ['file'],
  rows,
  size: () => SIZE,
  folder: true,
};
