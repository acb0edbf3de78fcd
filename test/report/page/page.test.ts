/** The page for people: one sentence that is true, everything told in words, nothing of the outside world in it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALL_CODES } from '../../../src/cli/exit-codes.ts';
import type { StatusReport } from '../../../src/domain/status.ts';
import type { Now } from '../../../src/report/page/now.ts';
import { PAGE_CSP, renderPage } from '../../../src/report/page/page.ts';
import { HOUR_MS } from '../../support/builders.ts';
import {
  anInstanceStatus,
  anOpenBackup,
  aRunSummary,
  aStatusReport,
  healthyInstances,
  statusDays,
  troubledReport,
  troubledRuns,
} from '../../support/status.ts';
import { late } from '../examples.ts';

describe('the headline', () => {
  const waiting = anInstanceStatus({ open: [anOpenBackup(70)] });
  const stale = anInstanceStatus({ stale: true });
  const atRisk = anInstanceStatus({ open: [anOpenBackup(5.9)] });
  const problem = { message: 'listing was throttled', hint: 'Run less often.' };
  const vanished = anInstanceStatus({ vanished: true });
  const cases: readonly [string, Partial<StatusReport>, string][] = [
    [
      'says that all is well',
      { instances: healthyInstances(42) },
      'All 42 instances are archived; the newest archive is 3 h old',
    ],
    ['knows the singular', {}, 'The one instance is archived; the newest archive is 7 h old'],
    [
      'is not alarmed by a backup that waits for the next run',
      { instances: [waiting] },
      'The one instance is archived; the newest archive is 7 h old',
    ],
    ['counts what is stale', { instances: [stale, waiting], exitCode: 5 }, '1 of 2 instances is stale'],
    [
      'tells the hours left, never too many',
      { instances: [atRisk], exitCode: 5 },
      '1 backup will be deleted in 5 h',
    ],
    [
      'tells the first deadline of several',
      { instances: [anInstanceStatus({ open: [anOpenBackup(20), anOpenBackup(0.5)] })], exitCode: 5 },
      '2 backups will be deleted within a day, the first in 30 min',
    ],
    [
      'tells everything that is wrong at once',
      { instances: [stale, stale, atRisk], problems: [problem], exitCode: 5 },
      '2 of 3 instances are stale, 1 backup will be deleted in 5 h, 1 listing failed',
    ],
    ['does not call it well when a listing failed', { problems: [problem], exitCode: 3 }, '1 listing failed'],
    [
      'tells of damaged backups',
      { instances: [anInstanceStatus({ open: [anOpenBackup(70, { quarantined: true })] })] },
      'The one instance is archived, but 1 damaged backup lies in quarantine',
    ],
    [
      'leaves vanished instances out',
      { instances: [anInstanceStatus(), vanished] },
      'The one instance is archived; the newest archive is 7 h old',
    ],
    [
      'tells of vanished ones when they count',
      { instances: [anInstanceStatus(), { ...vanished, stale: true }], exitCode: 5 },
      '1 vanished instance is stale',
    ],
    ['says so when there is nothing to archive', { instances: [] }, 'There is no instance to archive'],
    [
      'never calls a status well that ends with another code than 0',
      { exitCode: 11 },
      'Status ends with exit code 11',
    ],
  ];

  test.each(cases)('%s', (_promise, changes, sentence) => {
    const page = render(changes);
    expect(page).toContain(`<h1>${sentence}</h1>`);
    expect(page).toContain(`<title>${sentence} · rdb-archiver</title>`);
    expect(page).toContain(`class="headline ${wellOrNot(changes, sentence)}"`);
  });

  function wellOrNot(changes: Partial<StatusReport>, sentence: string): string {
    if ((changes.exitCode ?? 0) !== 0) return 'trouble';
    return sentence.includes('quarantine') ? 'notice' : 'well';
  }
});

describe('the page', () => {
  test('tells of a backup at risk: which, of what, until when, how long', () => {
    const text = textOf(sectionOf(renderTroubled(), 'risks'));
    expect(text).toContain('payments-ledger crs-pay7k2q9 6994-7 2026-11-17 14:18 2026-11-24 14:18 5 h');
  });

  test('lists the most urgent backup first, and tells how many it leaves out', () => {
    const instances = Array.from({ length: 40 }, (_, place) =>
      anInstanceStatus({ instanceId: `crs-${place}`, open: [anOpenBackup(23 - place / 2)] }),
    );
    const section = sectionOf(render({ instances, exitCode: 5 }), 'risks');
    expect(textOf(section).indexOf('crs-39')).toBeLessThan(textOf(section).indexOf('crs-38'));
    expect(textOf(section)).toContain('And 15 backups more');
  });

  test('tells archives that only the cloud can open, and what to do, without calling it trouble', () => {
    const warning = { message: 'two archives can be opened by nobody', hint: 'Set it.' };
    const instances = [anInstanceStatus({ keyless: { archives: 2, savable: 1 } })];
    const source = render({ instances, warnings: [warning] });
    expect(source).toContain('but 2 archives cannot be opened without the cloud');
    expect(source).toContain('class="headline notice"');
    expect(source).toContain('2 without their key');
    expect(source).toContain('two archives can be opened by nobody');
    expect(source).not.toContain('What could not be listed');
  });

  test('tells what could not be listed, with the hint', () => {
    const text = textOf(sectionOf(renderTroubled(), 'problems'));
    expect(text).toContain('was refused (UnauthorizedOperation) Grant the account');
  });

  test('has no section for what there is none of', () => {
    const page = render({});
    for (const id of ['risks', 'problems', 'vanished']) expect(page).not.toContain(`id="${id}"`);
  });

  test('keeps the order of the status, worst first', () => {
    const text = textOf(sectionOf(renderTroubled(), 'instances'));
    const places = ['payments-ledger', 'sessions-eu', 'ranking-store', 'orders-cache'].map((name) =>
      text.indexOf(name),
    );
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  test('sets vanished instances apart', () => {
    const page = renderTroubled();
    expect(sectionOf(page, 'instances')).not.toContain('legacy-basket');
    expect(textOf(sectionOf(page, 'vanished'))).toContain('legacy-basket');
  });

  test('says the state of every instance in words', () => {
    const text = textOf(sectionOf(renderTroubled(), 'instances'));
    expect(text).toContain('At risk 1 backup, 5 h left; stale; 6 waiting');
    expect(text).toContain('Damaged 1 in quarantine');
    expect(text).toContain('Waiting 1 not ready');
    expect(textOf(render({ instances: [withoutArchive()] }))).toContain('Stale no archive');
  });

  test('shows the newest archive, its age, and how much is kept', () => {
    const text = textOf(sectionOf(render({}), 'instances'));
    expect(text).toContain('2026-11-24 02:00 7 h old 35 42.0 GiB');
  });

  test('shows the latest runs first, with what their exit codes mean', () => {
    const text = textOf(sectionOf(renderTroubled(), 'runs'));
    expect(text.indexOf('2026-11-24 08:17 10 no source listed')).toBeLessThan(
      text.indexOf(
        '2026-11-24 07:17 3 something failed 1 40 38 already archived, 2 not ready 1 3.00 GiB 3 min 4 s',
      ),
    );
  });

  test('knows the meaning of every exit code', () => {
    const runs = ALL_CODES.map((exitCode) => aRunSummary({ exitCode }));
    const page = renderPage({ report: aStatusReport(), runs, version: '1.2.3' });
    const meanings = [...page.matchAll(/<b>(\d+)<\/b> ([^<]+)</g)].map(([, , meaning]) => meaning);
    expect(meanings).toHaveLength(ALL_CODES.length);
    expect(meanings).not.toContain('failed');
  });

  test('shows what of the runs in hand somebody should know, and nothing where there is nothing', () => {
    const page = (now: Now) => renderPage({ report: aStatusReport(), runs: [], version: '1.2.3', now });
    const silence = ['the run in hand has made no progress for 31 minutes'];
    const text = textOf(sectionOf(page({ late: [late], silence }), 'now'));
    expect(text).toContain('the run in hand has made no progress for 31 minutes');
    expect(text).toContain(
      'Backup 1234-5678 of crs-orders01 will not be there before the cloud deletes it on 2026-11-24 09:00. dump.rdb comes at 3.00 KiB a second; 96.0 KiB are needed.',
    );
    expect(page({ late: [], silence: [] })).not.toContain('id="now"');
  });

  test('says when it was made, of which version it is, and in which zone', () => {
    const text = textOf(render({}));
    expect(text).toContain('As of 2026-11-24 09:00 UTC. All times are UTC.');
    expect(text).toContain('rdb-archiver 1.2.3');
  });
});

describe('the calendar', () => {
  test('names the days that are alike together', () => {
    const days = statusDays({
      0: { archived: 0, open: 1 },
      5: { archived: 0, quarantined: 1 },
      9: { archived: 0 },
    });
    expect(namesOf(days)).toEqual([
      'archived: 2026-10-21 to 2026-11-14, 2026-11-16 to 2026-11-18, 2026-11-20 to 2026-11-23',
      'nothing archived: 2026-11-15',
      'in quarantine: 2026-11-19',
      'not archived: 2026-11-24',
    ]);
  });

  test('tells of every backup of a day, and draws the worst', () => {
    const page = withDays(statusDays({ 0: { archived: 3, open: 1 } }, 1));
    expect(page).toMatch(/class="open" d="[^"]+"><title>3 archived, not archived: 2026-11-24</);
  });

  test('does not list more dates than anybody reads', () => {
    const gaps = Object.fromEntries(
      Array.from({ length: 17 }, (_, place) => [2 * place + 1, { archived: 0 }]),
    );
    expect(namesOf(statusDays(gaps))[1]).toMatch(/^nothing archived: (2026-\d\d-\d\d, ){6}11 more$/);
  });

  test('shows a year at the most', () => {
    const section = sectionOf(withDays(statusDays({}, 3660)), 'instances');
    expect(section).toContain('2025-11-24 to 2026-11-24');
  });

  test('draws every day once and none outside, however many there are', () => {
    const count = fc.integer({ min: 1, max: 366 });
    const gaps = fc.array(fc.nat(365), { maxLength: 12 });
    fc.assert(
      fc.property(count, gaps, (count, gaps) => {
        const days = statusDays(Object.fromEntries(gaps.map((place) => [place, { archived: 0 }])), count);
        const section = sectionOf(withDays(days), 'instances');
        const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)" width/.exec(section)?.map(Number) ?? [];
        const squares = [...section.matchAll(/M(\d+) (\d+)h(\d+)v18/g)].flatMap(([, x, y, length]) =>
          Array.from({ length: Number(length) / 10 }, (_, place) => ({
            x: Number(x) + 10 * place,
            y: Number(y),
          })),
        );
        expect(new Set(squares.map(({ x, y }) => `${x} ${y}`)).size).toBe(days.length);
        expect(squares).toHaveLength(days.length);
        expect(squares.every(({ x, y }) => x + 10 <= width && y + 18 <= height)).toBe(true);
      }),
    );
  });
});

describe('a name that holds markup', () => {
  const hostile = fc.oneof(
    fc.string({ minLength: 1, unit: 'binary' }),
    fc.constantFrom(
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "' onmouseover='alert(1)",
      '</title></style></svg><script>',
      '<!--',
      '\u{202e}\u0000\u001b[31m',
      '\ud800',
      '`alert(1)`',
    ),
  );

  test('changes no tag of the page, wherever it stands', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(tagsOf(pageWith(text))).toEqual(tagsOf(pageWith('x')));
      }),
    );
  });

  test('is shown as it is', () => {
    expect(pageWith('<b>&"')).toContain('<bdi>&lt;b&gt;&amp;&quot;</bdi>');
  });

  test('brings no control character and no broken text into the page', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const page = pageWith(text);
        expect(page.isWellFormed()).toBe(true);
        expect(page.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  function pageWith(text: string): string {
    const backup = anOpenBackup(5, { backupId: text });
    const changes = { instanceId: text, name: text, source: text, region: text };
    const newest = { backupId: text, startedAt: '2026-11-24T02:00:00Z' };
    return renderPage({
      report: aStatusReport({
        instances: [
          anInstanceStatus({ ...changes, newest, open: [backup] }),
          anInstanceStatus({ ...changes, newest, vanished: true }),
        ],
        problems: [{ message: text, hint: text }],
        exitCode: 5,
      }),
      runs: [aRunSummary({ runId: text })],
      version: text,
    });
  }
});

describe('ten thousand instances', () => {
  const page = renderPage({ report: troubledReport(10_000), runs: troubledRuns(), version: '1.2.3' });

  test('make a page of some megabytes', () => {
    expect(page.length).toBeLessThan(6_000_000);
  });

  test('are folded away but for the worst', () => {
    const unfolded = page.replaceAll(/<details>[\s\S]*?<\/details>/g, '');
    expect(unfolded.match(/<tr><th scope="row">/g)?.length).toBeLessThan(60);
    expect(page.match(/class="days"/g)).toHaveLength(10_005);
    expect(textOf(page)).toContain('Instances 1,026 to 2,025 1,000 archived');
  });

  test('stay readable when each is archived every other day only', () => {
    const gaps = Object.fromEntries(
      Array.from({ length: 17 }, (_, place) => [2 * place + 1, { archived: 0 }]),
    );
    const days = statusDays(gaps);
    const instances = healthyInstances(10_000).map((instance) => ({ ...instance, days }));
    expect(render({ instances }).length).toBeLessThan(16_000_000);
  });
});

test('the page asks for nothing outside itself', () => {
  const page = renderTroubled();
  const addresses = [...page.matchAll(/(?:src|href|action)="([^"]*)"|url\(([^)]*)\)/g)].map(
    ([, a, b]) => a ?? b,
  );
  expect(addresses.filter((address) => !/^(#|data:image\/svg)/.test(address ?? ''))).toEqual([]);
});

test('the policy lets run and load nothing but the own style and script', () => {
  expect(PAGE_CSP).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; script-src 'sha256-[\w+/=]{44}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  // The header and the page itself say the same, but for what only a header can say.
  expect(render({})).toContain(`content="${PAGE_CSP.replace("; frame-ancestors 'none'", '')}"`);
});

function render(changes: Partial<StatusReport>): string {
  return renderPage({ report: aStatusReport(changes), runs: [aRunSummary()], version: '1.2.3' });
}

function renderTroubled(): string {
  return renderPage({ report: troubledReport(), runs: troubledRuns(), version: '1.2.3' });
}

function withoutArchive() {
  const { newest: _newest, ageMs: _ageMs, ...rest } = anInstanceStatus({ stale: true, archives: 0 });
  return rest;
}

function withDays(days: StatusReport['instances'][number]['days']): string {
  return render({ instances: [anInstanceStatus({ days })], maxAgeMs: 26 * HOUR_MS });
}

function namesOf(days: StatusReport['instances'][number]['days']): string[] {
  return [...withDays(days).matchAll(/<title>(.*?)<\/title><\/path>/g)].map(([, name = '']) => name);
}

function sectionOf(page: string, id: string): string {
  const section = page.split('<section ').find((part) => part.startsWith(`aria-labelledby="${id}"`));
  if (section === undefined) throw new Error(`the page has no section ${id}`);
  return section;
}

/** What a reader sees, one blank between all parts. */
function textOf(page: string): string {
  const seen = page.replaceAll(/<(style|script|title)\b[\s\S]*?<\/\1>/g, '');
  return seen.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
}

function tagsOf(page: string): string[] {
  return page.match(/<[/!a-z][^>]*>/gi) ?? [];
}
