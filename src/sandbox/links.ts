/** Download links as the cloud hands them out: short-lived, signed, and good only byte for byte. */
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../domain/clock.ts';
import type { Network } from './exchange.ts';

export interface LinkSubject {
  readonly instanceId: string;
  readonly backupId: string;
  readonly file: string;
  readonly network: Network;
}

export interface IssuedLink extends LinkSubject {
  /** One of API 2.0. */
  readonly blob: boolean;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface Links {
  /** API 3.0: an object of COS with a presigned query, for six hours. Path and query. */
  presigned(subject: LinkSubject, region: string): string;
  /** API 2.0: always the same path, and a blob with raw `/ + =`, for twelve hours. Path and query. */
  blob(subject: LinkSubject): string;
  /** What a target stands for, expired or not; undefined when it is not one that was issued, byte for byte. */
  find(target: string): IssuedLink | undefined;
  expired(link: IssuedLink): boolean;
}

/** The published example's `q-sign-time` spans 21,660 s. */
const PRESIGNED_SECONDS = 6 * 60 * 60 + 60;
/** Documentation of GetBackupDownloadUrl (API 2.0). */
const BLOB_SECONDS = 12 * 60 * 60;

export function createLinks(clock: Pick<Clock, 'now'>): Links {
  const key = randomBytes(32);
  const issued = new Map<string, IssuedLink>();

  const issue = (target: string, subject: LinkSubject, blob: boolean): string => {
    const seconds = blob ? BLOB_SECONDS : PRESIGNED_SECONDS;
    issued.set(target, { ...subject, blob, expiresAt: (nowInSeconds(clock) + seconds) * 1000 });
    return target;
  };
  const sign = (algorithm: 'sha1' | 'sha512', text: string): Buffer =>
    createHmac(algorithm, key).update(text).digest();

  return {
    presigned(subject, region) {
      const path = [region, subject.instanceId, subject.backupId, `-${subject.file}`]
        .map(pathSegment)
        .join('');
      const start = nowInSeconds(clock);
      const window = `${start};${start + PRESIGNED_SECONDS}`;
      // Each call gives another signature, as the cloud's do, even within one second.
      const signature = sign('sha1', `${path}\n${window}\n${randomBytes(8).toString('hex')}`).toString('hex');
      const query = [
        'q-sign-algorithm=sha1',
        'q-ak=AKIDSANDBOXCOS',
        `q-sign-time=${window}`,
        `q-key-time=${window}`,
        'q-header-list=',
        'q-url-param-list=',
        `q-signature=${signature}`,
      ];
      return issue(`${path}?sign=${encodeURIComponent(query.join('&'))}`, subject, false);
    },

    blob(subject) {
      for (;;) {
        const blob = sign('sha512', randomBytes(16).toString('hex')).toString('base64');
        // 64 bytes end with `==`; the other two letters that a URL library would rewrite must be there as well.
        if (/\/.*\+|\+.*\//.test(blob)) return issue(`/download/dump.rdb?${blob}`, subject, true);
      }
    },

    find: (target) => issued.get(target),
    expired: (link) => clock.now() >= link.expiresAt,
  };
}

/** Ids are opaque: as parts of a path, `..` would lead elsewhere, and so would `%2E%2E`. */
function pathSegment(text: string): string {
  return `/${text === '.' || text === '..' ? '-' : ''}${encodeURIComponent(text)}`;
}

function nowInSeconds(clock: Pick<Clock, 'now'>): number {
  return Math.floor(clock.now() / 1000);
}
