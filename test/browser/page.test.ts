/** The page in a real browser: nothing loads, nothing complains, nothing overflows, everything can be read. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PAGE_CSP, renderPage } from '../../src/report/page/page.ts';
import { describeWith } from '../support/needs.ts';
import {
  anInstanceStatus,
  aStatusReport,
  healthyInstances,
  troubledReport,
  troubledRuns,
} from '../support/status.ts';
import { type Browser, startChromium, type Tab, type View } from './chromium.ts';

const HEADLINE = '2 of 42 instances are stale, 1 backup will be deleted in 5 h, 1 listing failed';
const troubled = renderPage({ report: troubledReport(38), runs: troubledRuns(), version: '1.2.3' });
const VIEWS: readonly [string, View][] = [
  ['in light', { width: 1280 }],
  ['in dark', { width: 1280, scheme: 'dark' }],
  ['on a phone', { width: 360 }],
  ['on a phone in dark', { width: 360, scheme: 'dark' }],
  ['on a tablet', { width: 820 }],
];

describeWith(['chromium'], 'the status page in a browser', () => {
  let browser: Browser;
  let folder = '';
  const served = new Map<string, string>();
  const server = createServer((request, response) => {
    const page = served.get(request.url ?? '');
    response.writeHead(page === undefined ? 404 : 200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': PAGE_CSP,
    });
    response.end(page);
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'page-'));
    await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Served as the daemon serves it. */
  async function open(page: string, view: View = { width: 1280 }): Promise<Tab> {
    const path = `/${served.size}`;
    served.set(path, page);
    return await browser.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, view);
  }

  /** As `status --html` leaves it. */
  async function openFile(page: string, view: View = { width: 1280 }): Promise<Tab> {
    const path = join(folder, `${crypto.randomUUID()}.html`);
    await writeFile(path, page);
    return await browser.open(pathToFileURL(path).href, view);
  }

  test.each(VIEWS)('%s says in one sentence how things stand', async (_name, view) => {
    const tab = await open(troubled, view);
    expect(await tab.evaluate('document.querySelector("h1").innerText.replaceAll(/\\s+/g, " ")')).toBe(
      HEADLINE,
    );
    expect(await tab.evaluate('document.title')).toBe(`${HEADLINE} · rdb-archiver`);
  });

  test.each(VIEWS)('%s asks for nothing and complains of nothing', async (_name, view) => {
    for (const tab of [await open(troubled, view), await openFile(troubled, view)]) {
      expect(tab.requests.filter((address) => !address.startsWith('data:'))).toHaveLength(1);
      expect(tab.complaints).toEqual([]);
    }
  });

  test.each(VIEWS)('%s is never wider than the screen', async (_name, view) => {
    const long = anInstanceStatus({ name: 'n'.repeat(200), instanceId: `crs-${'i'.repeat(60)}` });
    const instances = [long, ...troubledReport().instances];
    const page = renderPage({
      report: { ...troubledReport(), instances },
      runs: troubledRuns(),
      version: '1.2.3',
    });
    const tab = await open(page, view);
    expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(view.width);
    expect(await tab.evaluate(OVERFLOWING)).toEqual([]);
  });

  test.each(VIEWS)('%s has contrast enough for tired eyes (WCAG AA)', async (_name, view) => {
    const tab = await open(troubled, view);
    const contrasts = await tab.evaluate<{ text: string; ratio: number; enough: number }[]>(CONTRASTS);
    expect(contrasts.length).toBeGreaterThan(100);
    expect(contrasts.filter(({ ratio, enough }) => ratio < enough)).toEqual([]);
  });

  test.each(VIEWS)(
    '%s lets a screen reader hear tables, their headers and every calendar',
    async (_name, view) => {
      const tab = await open(troubled, view);
      expect(await tab.accessibleNames('heading')).toEqual([
        HEADLINE,
        'Backups at risk',
        'What could not be listed',
        'Instances',
        'Vanished from the cloud',
        'Latest runs',
      ]);
      const headers = await tab.accessibleNames('rowheader');
      expect(headers.some((name) => name.startsWith('payments-ledger'))).toBe(true);
      expect(await tab.accessibleNames('image')).toContain('not archived: 2026-11-18 to 2026-11-24');
    },
  );

  test('darkens with the system', async () => {
    const paper = 'getComputedStyle(document.documentElement).backgroundColor';
    const light = await open(troubled);
    const dark = await open(troubled, { width: 1280, scheme: 'dark' });
    expect(await light.evaluate(paper)).toBe('rgb(251, 250, 248)');
    expect(await dark.evaluate(paper)).toBe('rgb(19, 22, 25)');
  });

  test('finds an instance by a part of its name, also in a fold', async () => {
    const page = renderPage({
      report: aStatusReport({ instances: healthyInstances(64) }),
      runs: [],
      version: '1.2.3',
    });
    const tab = await open(page);
    await tab.evaluate(search('PAYMENTS-QUEUE-2'));
    expect(await tab.evaluate(VISIBLE)).toEqual(['payments-queue-2']);
    expect(await tab.evaluate('document.querySelector("#found").textContent')).toBe('1 of 64');
    await tab.evaluate(search(''));
    expect(await tab.evaluate(VISIBLE)).toHaveLength(25);
    expect(tab.complaints).toEqual([]);
  });

  test('finds instances by their state', async () => {
    const tab = await open(troubled);
    await tab.evaluate(search('stale'));
    expect(await tab.evaluate(VISIBLE)).toEqual(['payments-ledger', 'sessions-eu']);
  });

  test('says so when a saved page has grown old', async () => {
    const shown = 'document.querySelector("#old").checkVisibility()';
    const fresh = aStatusReport({ generatedAt: new Date().toISOString() });
    const old = aStatusReport({ generatedAt: new Date(Date.now() - 27 * 3_600_000).toISOString() });
    expect(
      await (await openFile(renderPage({ report: fresh, runs: [], version: '1' }))).evaluate(shown),
    ).toBe(false);
    expect(await (await openFile(renderPage({ report: old, runs: [], version: '1' }))).evaluate(shown)).toBe(
      true,
    );
  });

  test('tells all of it without script', async () => {
    const tab = await open(troubled, { width: 1280, script: false });
    const headings = await tab.accessibleNames('heading');
    expect(headings).toContain(HEADLINE);
    expect(await tab.accessibleNames('searchbox')).toEqual([]);
    expect(await tab.accessibleNames('rowheader')).toContainEqual(expect.stringMatching(/^payments-ledger/));
  });

  test('runs nothing that a name brings along, served or saved', async () => {
    const attacks = [
      '<script>document.body.dataset.taken = 1</script>',
      '"><img src=x onerror="document.body.dataset.taken = 1">',
      '</title></svg><svg onload="document.body.dataset.taken = 1">',
    ];
    const instances = attacks.map((name) => anInstanceStatus({ name, source: name, instanceId: name }));
    const page = renderPage({ report: aStatusReport({ instances }), runs: [], version: '1.2.3' });
    for (const tab of [await open(page), await openFile(page)]) {
      expect(await tab.evaluate('document.body.dataset.taken ?? "safe"')).toBe('safe');
      expect(await tab.evaluate('[document.scripts.length, document.images.length]')).toEqual([1, 0]);
      expect(await tab.evaluate(VISIBLE)).toEqual(attacks);
    }
  });

  test('lets nothing run even if markup got into it', async () => {
    const taken = troubled.replace(
      '<h1>',
      '<h1><img src="data:," onerror="document.body.dataset.taken = 1"><script>document.body.dataset.taken = 1</script>',
    );
    const tab = await openFile(taken);
    expect(await tab.evaluate('document.body.dataset.taken ?? "safe"')).toBe('safe');
    expect(tab.complaints.join()).toContain('Content Security Policy');
  });

  test('opens a page of ten thousand instances', async () => {
    const tab = await open(renderPage({ report: troubledReport(10_000), runs: [], version: '1.2.3' }), {
      width: 360,
    });
    expect(await tab.evaluate(VISIBLE)).toHaveLength(26);
    await tab.evaluate(search('ranking-store'));
    expect(await tab.evaluate<string[]>(VISIBLE)).toContain('ranking-store-300');
  });

  test('prints', async () => {
    const pdf = await (await open(troubled)).pdf();
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  });

  test('has a picture in docs/ that is small enough to load anywhere', async () => {
    const picture = await readFile(join(import.meta.dirname, '../../docs/status-page.png'));
    expect(picture.subarray(1, 4).toString()).toBe('PNG');
    expect(picture.length).toBeLessThan(150 * 1024);
  });
});

function search(text: string): string {
  return `{ const box = document.querySelector('#find'); box.value = ${JSON.stringify(text)}; box.dispatchEvent(new Event('input')); }`;
}

/** Names of the instances that are to be seen. */
const VISIBLE = `[...document.querySelectorAll('.instances tbody th > bdi')].filter((name) => name.checkVisibility()).map((name) => name.textContent)`;

/** Texts that stick out of the page, as far as they are to be seen. */
const OVERFLOWING = `[...document.querySelectorAll('main *, header *, footer *')]
  .filter((element) => element.checkVisibility() && !element.closest('.unseen') && element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.outerHTML.slice(0, 100))`;

/** Of every visible text, and of the calendar's bars, against what lies behind; bars and large text (24 px, or 18.66 px in bold) need less. */
const CONTRASTS = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((value) => value / 255).map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let place = element; place; place = place.parentElement) {
      const colour = channels(getComputedStyle(place).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent.trim();
    if (text === '' || !element.checkVisibility() || element.closest('.unseen, script, svg')) continue;
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(channels(style.color)), luminance(behind(element))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    found.push({ text, ratio: (light + 0.05) / (dark + 0.05), enough: large ? 3 : 4.5 });
  }
  for (const form of document.querySelectorAll('pattern g > :is(rect, circle)')) {
    const { fill, stroke } = getComputedStyle(form);
    const [light, dark] = [luminance(channels(fill === 'none' ? stroke : fill)), luminance(behind(document.body))].sort((a, b) => b - a);
    found.push({ text: form.parentElement.className.baseVal, ratio: (light + 0.05) / (dark + 0.05), enough: 3 });
  }
  return found;
})()`;
