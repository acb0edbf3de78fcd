/** When a link is asked for: at the beginning of its transfer, never earlier, and again when it dies. */
import { describe, expect, it } from 'vitest';
import type { BackupFile } from '../../src/domain/backup.ts';
import { Link } from '../../src/domain/link.ts';
import { createLinkLease } from '../../src/transfer/link-lease.ts';
import { HOUR_MS } from '../support/builders.ts';
import { createTestClock } from '../support/clock.ts';

const signal = new AbortController().signal;

function lease(names: readonly string[] = ['a.rdb']) {
  const clock = createTestClock();
  let asked = 0;
  let renewals = 0;
  const files = (): BackupFile[] =>
    names.map((name) => ({
      name,
      link: new Link(`http://host/${name}?${asked}`, clock.now() + 6 * HOUR_MS),
    }));
  const made = createLinkLease({
    file: { name: 'a.rdb', link: new Link('http://host/a.rdb?first', clock.now() + 6 * HOUR_MS) },
    askedAt: clock.now(),
    ask: async () => {
      asked += 1;
      return files();
    },
    clock,
    onRenewal: () => {
      renewals += 1;
    },
  });
  return { made, clock, asked: () => asked, renewals: () => renewals };
}

describe('a link lease', () => {
  it('uses the link that was asked for just now', async () => {
    const { made, asked } = lease();
    expect((await made.current(signal)).reveal()).toBe('http://host/a.rdb?first');
    expect(asked()).toBe(0);
  });

  it('asks anew when the transfer begins later than the link was asked for', async () => {
    const { made, clock, asked, renewals } = lease();
    clock.advance(60_000);
    expect((await made.current(signal)).reveal()).toBe('http://host/a.rdb?1');
    expect(asked()).toBe(1);
    expect(renewals()).toBe(0);
  });

  it('keeps a link in use until it is about to lapse', async () => {
    const { made, clock, asked, renewals } = lease();
    await made.current(signal);
    clock.advance(5 * HOUR_MS);
    await made.current(signal);
    expect(asked()).toBe(0);
    clock.advance(HOUR_MS - 30_000);
    expect((await made.current(signal)).reveal()).toBe('http://host/a.rdb?1');
    expect(renewals()).toBe(1);
  });

  it('finds its file by name when the cloud lists the files in another order', async () => {
    const { made } = lease(['z.rdb', 'b.rdb', 'a.rdb']);
    expect((await made.renew(signal)).reveal()).toBe('http://host/a.rdb?1');
  });

  it('says that the backup is gone when the cloud no longer offers the file', async () => {
    const { made } = lease(['b.rdb']);
    await expect(made.renew(signal)).rejects.toMatchObject({ code: 'backup-gone' });
  });

  it('asks once for several connections, and again when the one that asked is called off', async () => {
    const { clock } = lease();
    const link = new Link('http://host/a.rdb?new', clock.now() + 6 * HOUR_MS);
    let asked = 0;
    const made = createLinkLease({
      file: { name: 'a.rdb', link },
      askedAt: clock.now(),
      ask: (asking) =>
        new Promise((resolve, reject) => {
          asked += 1;
          if (asked === 2) resolve([{ name: 'a.rdb', link }]);
          asking.addEventListener('abort', () => reject(asking.reason));
        }),
      clock,
      onRenewal: () => {},
    });
    const calledOff = new AbortController();
    const [first, second] = [made.renew(calledOff.signal), made.renew(signal)];
    expect(asked).toBe(1);
    calledOff.abort(new Error('called off'));
    await expect(first).rejects.toThrow('called off');
    expect((await second).reveal()).toBe('http://host/a.rdb?new');
    expect(asked).toBe(2);
  });

  it('tells when its link has passed its own end', async () => {
    const { made, clock } = lease();
    expect(made.lapsed()).toBe(false);
    clock.advance(6 * HOUR_MS);
    expect(made.lapsed()).toBe(true);
  });
});
