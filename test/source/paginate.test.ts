/** Reading page by page: no lasting row is lost, nothing comes twice, and it always ends. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ArchiverError } from '../../src/domain/errors.ts';
import { type PagedList, paginate } from '../../src/source/paginate.ts';
import { never } from './setup.ts';

interface Row {
  readonly id: string;
}

interface Server {
  readonly rows: Row[];
  calls: number;
  readonly asked: string[];
  list(overrides?: Partial<PagedList<Row>>): PagedList<Row>;
}

/** Serves rows as API 3.0 does. `beforeCall` may move them; `cap` gives at most so many a page. */
function serverOf(
  count: number,
  options: { cap?: number; beforeCall?: (server: Server) => void } = {},
): Server {
  const server: Server = {
    rows: Array.from({ length: count }, (_, at) => ({ id: `row-${at}` })),
    calls: 0,
    asked: [],
    list: (overrides = {}) => ({
      what: 'Rows',
      maxLimit: 100,
      idOf: (row) => row.id,
      weigh: () => 8,
      signal: never,
      async fetch(offset, limit) {
        expect(offset % limit, 'the cloud refuses offsets that are no multiple of the limit').toBe(0);
        expect(limit).toBeLessThanOrEqual(overrides.maxLimit ?? 100);
        options.beforeCall?.(server);
        server.calls += 1;
        server.asked.push(`${offset}+${limit}`);
        const size = Math.min(limit, options.cap ?? limit);
        return { rows: server.rows.slice(offset, offset + size), total: server.rows.length };
      },
      ...overrides,
    }),
  };
  return server;
}

function idsOf(rows: readonly Row[]): string[] {
  return rows.map((row) => row.id);
}

function missing(rows: readonly Row[], wanted: readonly string[]): string[] {
  const there = new Set(idsOf(rows));
  return wanted.filter((id) => !there.has(id));
}

describe('a list that holds still', () => {
  test('is read whole, each row once, whatever its length and the page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 700 }),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 120 }),
        async (count, maxLimit, cap) => {
          const server = serverOf(count, { cap });
          const { rows, failure } = await paginate(server.list({ maxLimit }));
          expect(failure).toBeUndefined();
          expect(idsOf(rows)).toEqual(idsOf(server.rows));
        },
      ),
    );
  });

  test('costs one call where one page holds it', async () => {
    const server = serverOf(100);
    await paginate(server.list());
    expect(server.asked).toEqual(['0+100']);
  });

  test('of a region with 1,000 instances and 7,000 backups costs at most 80 calls', async () => {
    const instances = serverOf(1000);
    const backups = serverOf(7000);
    await paginate(instances.list({ maxLimit: 1000 }));
    const { rows } = await paginate(backups.list());
    expect(rows).toHaveLength(7000);
    expect(instances.calls + backups.calls).toBeLessThanOrEqual(80);
  });

  test('is read through a server that gives fewer rows than asked for', async () => {
    const server = serverOf(230, { cap: 50 });
    const { rows } = await paginate(server.list());
    expect(idsOf(rows)).toEqual(idsOf(server.rows));
  });
});

describe('a list that moves while it is read', () => {
  test('loses no row when a backup goes from an earlier page and another comes at the end', async () => {
    const server = serverOf(300, {
      beforeCall({ rows, calls }) {
        if (calls !== 1) return;
        rows.shift(); // expired
        rows.push({ id: 'new' }); // made: the total stays
      },
    });
    const { rows, failure } = await paginate(server.list());
    expect(failure).toBeUndefined();
    expect(idsOf(rows)).toEqual(expect.arrayContaining(idsOf(server.rows)));
  });

  test('loses no lasting row of a long list either, where some pages do not overlap', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 78 }), async (when) => {
        const server = serverOf(7000, {
          beforeCall({ rows, calls }) {
            if (calls === when) rows.splice(0, 3);
          },
        });
        const { rows } = await paginate(server.list());
        expect(missing(rows, idsOf(server.rows))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  const move = fc.record({
    gap: fc.integer({ min: 0, max: 3 }),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.integer({ min: 0, max: 60 }),
    insertAt: fc.double({ min: 0, max: 1, noNaN: true }),
    insert: fc.integer({ min: 0, max: 60 }),
  });

  test('gives every row that was there all the time, and ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 20, max: 100 }),
        fc.integer({ min: 20, max: 100 }),
        fc.array(move, { maxLength: 15 }),
        async (count, maxLimit, cap, moves) => {
          const pending = [...moves];
          let wait = pending[0]?.gap ?? 0;
          let made = 0;
          const server = serverOf(count, {
            cap,
            beforeCall({ rows }) {
              if (pending.length === 0 || wait-- > 0) return;
              const change = pending.shift();
              wait = pending[0]?.gap ?? 0;
              if (change === undefined) return;
              rows.splice(Math.floor(change.at * rows.length), change.remove);
              const born = Array.from({ length: change.insert }, () => ({ id: `new-${made++}` }));
              rows.splice(Math.floor(change.insertAt * rows.length), 0, ...born);
            },
          });
          const atFirst = new Set(idsOf(server.rows));
          const { rows, failure } = await paginate(server.list({ maxLimit }));
          const lasting = idsOf(server.rows).filter((id) => atFirst.has(id));
          expect(missing(rows, lasting)).toEqual([]);
          expect(new Set(idsOf(rows)).size).toBe(rows.length);
          expect(failure).toBeUndefined();
        },
      ),
      { numRuns: 400 },
    );
  });

  test('gives the younger state of a row that came twice', async () => {
    let call = 0;
    const { rows } = await paginate({
      what: 'Rows',
      maxLimit: 20,
      idOf: (row: { id: number; call: number }) => String(row.id),
      weigh: () => 8,
      signal: never,
      async fetch(offset, limit) {
        call += 1;
        const all = Array.from({ length: 30 }, (_, id) => ({ id, call }));
        return { rows: all.slice(offset, offset + limit), total: all.length };
      },
    });
    expect(rows[18]).toEqual({ id: 18, call: 1 });
    expect(rows[19]).toEqual({ id: 19, call: 2 }); // where the pages overlap
  });
});

describe('a listing that cannot be finished', () => {
  test('keeps what was listed before it broke off', async () => {
    const server = serverOf(300);
    const broken = new ArchiverError('throttled', 'too many requests');
    const list = server.list();
    const { rows, failure } = await paginate({
      ...list,
      fetch: (offset, limit) => (server.calls < 2 ? list.fetch(offset, limit) : Promise.reject(broken)),
    });
    expect(rows.length).toBeGreaterThan(100);
    expect(failure).toBe(broken);
  });

  test('does not loop when the server gives the first page again and again, and says that rows are missing', async () => {
    const server = serverOf(100);
    const list = server.list();
    const { rows, failure } = await paginate({
      ...list,
      fetch: async (_offset, limit) => ({ ...(await list.fetch(0, limit)), total: 1000 }),
    });
    expect(rows).toHaveLength(100);
    expect(failure).toMatchObject({ code: 'api-unavailable' });
    expect(server.calls).toBeLessThan(300);
  });

  test('does not loop when the server announces rows that never come', async () => {
    const server = serverOf(10);
    const list = server.list();
    const { rows, failure } = await paginate({
      ...list,
      fetch: async (offset, limit) => ({ ...(await list.fetch(offset, limit)), total: 1e12 }),
    });
    expect(rows).toHaveLength(10);
    expect(failure).toMatchObject({ code: 'api-unavailable' });
  });

  test('does not loop when the list never holds still', async () => {
    let made = 0;
    const server = serverOf(300, {
      beforeCall({ rows }) {
        rows.splice(0, 150);
        for (let born = 0; born < 150; born++) rows.push({ id: `new-${made++}` });
      },
    });
    await paginate(server.list());
    expect(server.calls).toBeLessThan(300);
  });

  test('rejects with the reason when it is told to stop', async () => {
    const stop = new AbortController();
    const server = serverOf(300, { beforeCall: ({ calls }) => calls === 1 && stop.abort(new Error('stop')) });
    const list = server.list({ signal: stop.signal });
    const fetch = async (offset: number, limit: number) => {
      const page = await list.fetch(offset, limit);
      stop.signal.throwIfAborted();
      return page;
    };
    await expect(paginate({ ...list, fetch })).rejects.toThrow('stop');
  });
});
