/** Asking for the keys of archives ends by itself where nobody answers, keeps no other source waiting, and begins with what is forgotten first. */
import { expect, test } from 'vitest';
import type { BackupPorts } from '../../src/archiver/fetch-file.ts';
import { createLedger } from '../../src/archiver/ledger.ts';
import { reviewKeys } from '../../src/archiver/review-keys.ts';
import type { Subject } from '../../src/archiver/survey.ts';
import type { Alarm } from '../../src/domain/clock.ts';
import type { BackupKey } from '../../src/domain/encryption.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { ArchiverEvent } from '../../src/report/observer.ts';
import { aBackup, anInstance } from '../support/builders.ts';
import { createTestClock } from '../support/clock.ts';

/** Archives without a key and a cloud that hands keys out as it is told to; `ring` lets the patience with a source run out, if it was not renewed. */
function openReview(answer: (source: string, backupId: string, signal: AbortSignal) => Promise<BackupKey>) {
  const events: ArchiverEvent[] = [];
  const asked: string[] = [];
  const alarms: { restarts: number; ring: () => void }[] = [];
  const alarm = (_: number, fire: () => void): Alarm => {
    const entry = { restarts: 0, ring: fire };
    alarms.push(entry);
    return {
      restart() {
        entry.restarts += 1;
      },
      stop() {},
    };
  };
  const clock = { ...createTestClock(), alarm };
  const observer = (event: ArchiverEvent) => void events.push(event);
  const backup = {
    clock,
    chooseStorage: () => ({ data: {}, manifest: {} }),
    catalog: { find: async () => undefined },
    keys: {
      policy: 'seal',
      vault: { seal: async () => ({ keyFingerprint: '0123456789abcdef', sealedKey: 'sealed' }) },
      records: { async *refs() {}, keep: async () => {}, note: async () => {} },
    },
  } as unknown as BackupPorts;
  const subjectOf = (source: string, id: string, startedAt: string): Subject => ({
    source: {
      name: source,
      api: 'tencent-v3',
      region: source,
      key({ id: backupId }: { readonly id: string }, signal: AbortSignal) {
        asked.push(backupId);
        return answer(source, backupId, signal);
      },
    } as unknown as Subject['source'],
    instance: anInstance(),
    backup: aBackup({ id, startedAt, encrypted: true }),
    decision: { action: 'skip', reason: 'already-archived' },
  });
  const ledger = createLedger({ runId: 'run-1', clock, observer });
  const review = (subjects: readonly Subject[]) =>
    reviewKeys(subjects, ledger, { backup, observer }, new AbortController().signal);
  const sealed = () => events.flatMap((event) => (event.type === 'key.sealed' ? [event.backupId] : []));
  return { review, subjectOf, alarms, asked, sealed };
}

const KEY: BackupKey = { key: new Secret('a key') };

const silent = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('a source that answers nobody is given up, and the keys of another are kept meanwhile', async () => {
  const cloud = openReview(async (source, _id, signal) => (source === 'mute' ? silent(signal) : KEY));
  const subjects = [
    cloud.subjectOf('mute', 'lost', '2026-11-20T02:15:00Z'),
    cloud.subjectOf('well', 'found', '2026-11-20T02:15:00Z'),
  ];
  const reviewed = cloud.review(subjects);
  await expect.poll(cloud.sealed).toEqual(['found']);
  cloud.alarms[0]?.ring();
  await expect(reviewed).rejects.toMatchObject({ code: 'api-unavailable' });
});

test('patience is renewed by each key that is had, and by none that is not', async () => {
  const cloud = openReview(async (_source, id) => {
    if (id === 'refused') throw new Error('no');
    return KEY;
  });
  const subjects = ['a', 'b', 'refused'].map((id) => cloud.subjectOf('one', id, '2026-11-20T02:15:00Z'));
  await cloud.review(subjects);
  // At the beginning, behind the listings, and for two keys.
  expect(cloud.alarms.map(({ restarts }) => restarts)).toEqual([4]);
});

test('the key that the cloud forgets first is asked for first', async () => {
  const cloud = openReview(async () => KEY);
  const days = ['23', '20', '22', '21'];
  await cloud.review(days.map((day) => cloud.subjectOf('one', day, `2026-11-${day}T02:15:00Z`)));
  expect(cloud.asked).toEqual(['20', '21', '22', '23']);
});
