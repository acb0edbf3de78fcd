/** Rows: the way to the download host, and connections that break, end early, stall or crawl. */

import { HOUR_MS } from '../support/builders.ts';
import { refused } from '../support/cloud-api-faults.ts';
import {
  cutAt,
  cutBeforeAnswer,
  endChunksEarlyAt,
  endEarlyAt,
  expireLinkAt,
  stallAt,
  trickleAt,
} from '../support/cloud-download-faults.ts';
import { downloadSide, inAnswer, inBody, inLink, whenExpired } from './download.ts';
import { onceAndAlways, type Row } from './table.ts';

/** No port of a program that listens: it is reserved, and nobody may bind it without being root. */
const CLOSED_PORT = 1;

const rows: readonly Row[] = [
  ...onceAndAlways('the connection is refused', ['archived', 'download-failed'], {
    strike: inLink((address) => address.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${CLOSED_PORT}`)),
  }),
  ...onceAndAlways('the host’s name cannot be resolved', ['archived', 'download-failed'], {
    // A label of more than 63 letters is no name, so nobody is asked.
    strike: inLink((address) => address.replace('127.0.0.1', `${'x'.repeat(64)}.invalid`)),
  }),
  ...onceAndAlways('TLS cannot be agreed on', ['archived', 'download-failed'], {
    strike: inLink((address) => address.replace('http://', 'https://')),
  }),
  ...onceAndAlways('the connection breaks before any header', ['archived', 'download-failed'], {
    strike: inAnswer(cutBeforeAnswer),
  }),
  ...onceAndAlways('the connection breaks in the body', ['archived', 'download-failed'], {
    strike: inBody(cutAt),
  }),
  ...onceAndAlways('the body ends early, in good order', ['archived', 'download-failed'], {
    strike: inBody(endEarlyAt),
  }),
  ...onceAndAlways('the body ends early, and no length was announced', ['archived', 'corrupt-source'], {
    strike: inBody(endChunksEarlyAt),
  }),
  {
    fault: 'no byte comes any more',
    lasts: 'once',
    expected: 'archived',
    strike: inBody(stallAt),
    // A loaded machine may look like a stall too: that must not use up the patience.
    config: { stallTimeoutMs: 400, attempts: 20 },
  },
  {
    fault: 'no byte comes any more',
    lasts: 'always',
    expected: 'download-failed',
    strike: inBody(stallAt),
    config: { stallTimeoutMs: 100, attempts: 2 },
  },
  ...onceAndAlways(
    'the body trickles, byte by byte',
    ['archived', ({ column }) => (column === 'last byte' ? 'archived' : 'download-failed')],
    {
      strike: inBody((byte, { clock }) => trickleAt(byte, () => clock.advance(4000))),
      config: { minimumRate: 1024, stallTimeoutMs: 30_000 },
    },
  ),
  {
    // Above any floor: what is halfway has as long again, and a byte is soon there.
    fault: 'the body trickles until the deadline of the run',
    lasts: 'always',
    expected: ({ column }) => (column === 'last byte' ? 'archived' : 'download-failed'),
    strike: inBody((byte, { clock }) => trickleAt(byte, () => clock.advance(0.7 * HOUR_MS))),
    config: { runDeadlineMs: HOUR_MS },
  },
  {
    fault: 'the link expires in mid-transfer',
    lasts: 'once',
    expected: 'archived',
    strike: inBody(expireLinkAt),
  },
  {
    fault: 'the link expires in mid-transfer, and the instance is gone',
    lasts: 'always',
    expected: 'backup-gone',
    strike: whenExpired(() => refused('ResourceUnavailable.InstanceDeleted', 10701)),
  },
];

export const downloadConnection = downloadSide('Download: the connection', rows);
