/** Rows: answers that look good and whose bytes are not, or not those that were asked for. */

import { textReply } from '../../src/sandbox/exchange.ts';
import {
  announceMore,
  changeEtag,
  cutFile,
  flipBit,
  gzipBody,
  htmlPage,
  ignoreRange,
  weakEtag,
  wrongRangeStart,
  wrongRangeTotal,
} from '../support/cloud-download-faults.ts';
import { endlessDump } from '../support/endless.ts';
import { BEHIND_FIRST, downloadSide, inAnswer, inBody, inRest, throughout } from './download.ts';
import { onceAndAlways, type Row } from './table.ts';

const rows: readonly Row[] = [
  ...onceAndAlways('Content-Length is too large', ['archived', 'download-failed'], {
    strike: inAnswer(() => announceMore()),
  }),
  // Always: where the connection broke, the backup is begun again, and then the whole file is the shorter one.
  ...onceAndAlways('Content-Length is too small, and the body with it', ['archived', 'corrupt-source'], {
    strike: inAnswer(() => cutFile()),
  }),
  // Once: a first answer is believed, and such a dump is not begun; one for the rest cannot be right.
  ...onceAndAlways(
    'Content-Length is beyond all dumps',
    [({ column }) => (column === 'first byte' ? 'download-failed' : 'archived'), 'download-failed'],
    { strike: inAnswer(() => announceMore(1e15)) },
  ),
  ...onceAndAlways('Range is ignored', ['archived', 'download-failed'], {
    columns: BEHIND_FIRST,
    strike: inRest(ignoreRange),
  }),
  ...onceAndAlways('Content-Range starts elsewhere', ['archived', 'download-failed'], {
    columns: BEHIND_FIRST,
    strike: inRest(() => wrongRangeStart()),
  }),
  ...onceAndAlways('Content-Range has another total', ['archived', 'download-failed'], {
    columns: BEHIND_FIRST,
    strike: inRest(() => wrongRangeTotal()),
  }),
  ...onceAndAlways('the ETag changes', ['archived', 'download-failed'], {
    columns: BEHIND_FIRST,
    strike: inRest(() => changeEtag()),
  }),
  ...onceAndAlways('the ETag is a weak one, and the connection breaks', ['archived', 'download-failed'], {
    strike: throughout(weakEtag),
  }),
  ...onceAndAlways('the body comes in gzip', ['archived', 'download-failed'], {
    strike: inAnswer(gzipBody),
  }),
  ...onceAndAlways('a web page comes, with status 200', ['archived', 'download-failed'], {
    strike: inAnswer(htmlPage),
  }),
  // Once: the socket leaves whatever has no length to got, which asks anew.
  ...onceAndAlways(
    'no length, and no end',
    [({ variant }) => (variant === 'socket' ? 'archived' : 'download-failed'), 'download-failed'],
    {
      columns: ['first byte'],
      strike: inBody(() => endlessDump()),
    },
  ),
  ...onceAndAlways("an internal service's answer, with status 200", ['archived', 'download-failed'], {
    columns: ['first byte'],
    strike: inBody(() => async () => textReply(200, 'text/plain', 'AccessKey: hush\nToken: hush\n')),
  }),
  ...onceAndAlways('one bit is flipped', ['archived', 'corrupt-source'], { strike: inBody(flipBit) }),
];

export const downloadBytes = downloadSide('Download: the bytes', rows);
