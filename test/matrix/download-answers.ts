/** Rows: what the download host answers, by its status. */
import {
  comeBackLater,
  expired,
  hostError,
  noSuchKey,
  rangeRefused,
  redirectTo,
  restrictedNetwork,
  signatureRefused,
} from '../support/cloud-download-faults.ts';
import { downloadSide, inAnswer } from './download.ts';
import { onceAndAlways, type Row } from './table.ts';

const otherName = ({ cloud }: { readonly cloud: { readonly url: string } }) =>
  new URL(cloud.url).host.replace('127.0.0.1', 'localhost');

const rows: readonly Row[] = [
  ...onceAndAlways('403: the link has expired', ['archived', 'link-refused'], {
    strike: inAnswer(expired),
  }),
  ...onceAndAlways('403: this network may not download (LimitType)', ['archived', 'link-refused'], {
    strike: inAnswer(restrictedNetwork),
  }),
  ...onceAndAlways('403: the signature is refused', ['archived', 'link-refused'], {
    strike: inAnswer(signatureRefused),
  }),
  ...onceAndAlways('404: there is no such file', ['archived', 'backup-gone'], {
    strike: inAnswer(noSuchKey),
  }),
  ...onceAndAlways('416: the range is refused', ['archived', 'download-failed'], {
    strike: inAnswer(rangeRefused),
  }),
  ...onceAndAlways('429, with Retry-After', ['archived', 'download-failed'], {
    strike: inAnswer(() => comeBackLater(429, 7)),
  }),
  ...onceAndAlways('429, without Retry-After', ['archived', 'download-failed'], {
    strike: inAnswer(() => comeBackLater(429)),
  }),
  ...onceAndAlways('503, with Retry-After', ['archived', 'download-failed'], {
    strike: inAnswer(() => comeBackLater(503, 7)),
  }),
  ...onceAndAlways('503, without Retry-After', ['archived', 'download-failed'], {
    strike: inAnswer(() => comeBackLater(503)),
  }),
  ...onceAndAlways('500', ['archived', 'download-failed'], { strike: inAnswer(hostError) }),
  // Always: the host that has it redirects again, for ever.
  ...onceAndAlways('a redirect to another host', ['archived', 'download-failed'], {
    strike: inAnswer((stage) => redirectTo(otherName(stage))),
  }),
];

export const downloadAnswers = downloadSide('Download: the answer', rows);
