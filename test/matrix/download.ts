/** How the faults of a download are placed: at which byte, in the body or in the answer, and over which transport. */
import { call, download, type Fault } from '../support/cloud.ts';
import { linksTo } from '../support/cloud-api-faults.ts';
import { cutAt, expireLinkAt } from '../support/cloud-download-faults.ts';
import { MiB } from '../support/scenario.ts';
import type { Place, Row, Side, Stage } from './table.ts';

/** Bytes of a part; the least that a store takes. */
export const PART = 5 * MiB;

const SOCKET = 'socket';
const BETWEEN_PARTS = 'between parts';
const BYTES: Readonly<Record<string, (size: number) => number>> = {
  'first byte': () => 0,
  'mid-part': (size) => size / 2,
  [BETWEEN_PARTS]: () => PART,
  'last byte': (size) => size - 1,
};

/** Large enough for the socket, and one part; two parts where the first must lie in the store already; small enough for got. */
const SIZES = { onePart: 1_200_000, twoParts: PART + 70_000, small: 200_000 };

/** The columns at which there is something to go on with. */
export const BEHIND_FIRST = ['mid-part', BETWEEN_PARTS, 'last byte'];

function byteOf({ column, size }: Pick<Stage, 'column' | 'size'>): number {
  return BYTES[column]?.(size) ?? 0;
}

/** A side of the matrix whose columns are the byte at which a download goes wrong. */
export function downloadSide(title: string, rows: readonly Row[]): Side {
  return {
    title,
    about:
      'The columns are the byte of the dump at which it happens: between parts, the first of two lies in the store already. An answer can go wrong behind the first byte when the connection broke there and the download asks for the rest. Large dumps come from the socket, small ones by got (played with one file only).',
    columns: Object.keys(BYTES),
    variants: [SOCKET, 'got'],
    rows,
    size: sizeOf,
    lacks: ({ column, variant, shape }) =>
      variant !== SOCKET && (column === BETWEEN_PARTS || shape !== 'one file'),
  };
}

function sizeOf({ column, variant }: Place): number {
  if (variant !== SOCKET) return SIZES.small;
  return column === BETWEEN_PARTS ? SIZES.twoParts : SIZES.onePart;
}

/** The body goes wrong at the byte. */
export function inBody(make: (byte: number, stage: Stage) => Fault): Row['strike'] {
  return (stage) => stage.cloud.fault(whereOf(stage), make(byteOf(stage), stage), { times: stage.times });
}

/** An answer goes wrong: the first one, or the one to the question for the rest, once the connection broke at the byte. */
export function inAnswer(make: (stage: Stage) => Fault): Row['strike'] {
  return (stage) => {
    const { cloud, times } = stage;
    if (byteOf(stage) === 0) return cloud.fault(whereOf(stage), make(stage), { times });
    cloud.fault(whereOf(stage), cutAt(byteOf(stage)), { times: 1 });
    return cloud.fault(whereOf(stage), make(stage), { after: 1, times });
  };
}

/** The answer to each question for the rest goes wrong; the connection breaks at the byte as often as the fault strikes. */
export function inRest(make: () => Fault): Row['strike'] {
  return (stage) => {
    const { cloud, times } = stage;
    const cut = cloud.fault(whereOf(stage), cutAt(byteOf(stage)), { times });
    const fault = cloud.fault(whereOf(stage), make(), { after: 1, times });
    return together(fault, cut);
  };
}

/** Every answer is odd from the start, and the connection breaks at the byte. */
export function throughout(make: () => Fault): Row['strike'] {
  return (stage) => {
    const { cloud, times } = stage;
    const cut = cloud.fault(whereOf(stage), cutAt(byteOf(stage)), { times });
    return together(cloud.fault(whereOf(stage), make()), cut);
  };
}

/** A link leads elsewhere: the first one, or the one that is asked for when that has expired at the byte. */
export function inLink(change: (address: string) => string): Row['strike'] {
  return (stage) => {
    const { cloud, times, file } = stage;
    const lead = linksTo(file, change);
    if (byteOf(stage) === 0) return cloud.fault(call('DescribeBackupUrl'), lead, { times });
    const death = cloud.fault(whereOf(stage), expireLinkAt(byteOf(stage)));
    return together(cloud.fault(call('DescribeBackupUrl'), lead, { after: 1, times }), death);
  };
}

/** The link expires at the byte, and the API's answer to the question for a new one goes wrong. */
export function whenExpired(make: () => Fault): Row['strike'] {
  return (stage) => {
    const { cloud, times } = stage;
    const death = cloud.fault(whereOf(stage), expireLinkAt(byteOf(stage)));
    return together(cloud.fault(call('DescribeBackupUrl'), make(), { after: 1, times }), death);
  };
}

function whereOf({ file }: Pick<Stage, 'file'>) {
  return download({ file });
}

/** The first one's strikes count. */
function together(
  fault: ReturnType<Stage['cloud']['fault']>,
  other: ReturnType<Stage['cloud']['fault']>,
): ReturnType<Row['strike']> {
  return {
    get strikes() {
      return fault.strikes;
    },
    remove() {
      fault.remove();
      other.remove();
    },
  };
}
