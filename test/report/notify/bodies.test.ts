/** What each kind of receiver is sent, as golden files; and that it is never more than the receiver takes. */
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PRESET_NAMES, type PresetName } from '../../../src/domain/notification.ts';
import { notificationOf, type Story } from '../../../src/report/notify/message.ts';
import { PRESETS, presetNameOf } from '../../../src/report/notify/presets.ts';
import { encodeBody, escapeAngleBrackets, fittingBody } from '../../../src/report/notify/template.ts';
import { summary } from '../examples.ts';
import { anItem, NOW, twoItems } from './stories.ts';

const setting = { destination: 's3://redis-archive', now: NOW };
const everySubject = (['run', 'source', 'instance', 'backup'] as const).map((subject) => anItem({ subject }));
const trouble: Story = { kind: 'risk', items: twoItems, summary };

function bodyFor(preset: PresetName, story: Story) {
  const { template, escape: markup, ...limits } = PRESETS[preset];
  const protect = markup ? escapeAngleBrackets : (text: string) => text;
  return fittingBody(template, (room) => notificationOf(story, setting, room), { ...limits, protect });
}

describe('a body', () => {
  test.each(PRESET_NAMES)('for %s is what its golden file holds', async (preset) => {
    const { contentType, content } = bodyFor(preset, trouble);
    expect(contentType).toBe('application/json; charset=utf-8');
    await expect(`${JSON.stringify(content, undefined, 2)}\n`).toMatchFileSnapshot(
      join(import.meta.dirname, 'golden', `${preset}.json`),
    );
  });

  test.each([
    ['recovery', { kind: 'recovery', items: [], since: '2026-11-23T21:00:00Z', summary }],
    ['interrupted', { kind: 'interrupted', items: [], summary: { ...summary, exitCode: 143 } }],
    ['failure', { kind: 'failure', items: everySubject, summary }],
    ['test', { kind: 'test', items: [] }],
  ] as const)('says in words what a %s is', async (kind, story) => {
    const { title, text } = notificationOf(story, setting, 20);
    await expect(`${title}\n\n${text}\n`).toMatchFileSnapshot(
      join(import.meta.dirname, 'golden', `${kind}.txt`),
    );
  });

  test('has no line that an id or a message began, and gives programs the id as it is', () => {
    const forged = 'backup-1\ncrs-orders01 backup-2: lost\u2028\u001b[2J';
    const item = anItem({ instanceId: forged, backupId: forged, message: forged });
    const { text, items } = notificationOf({ kind: 'failure', items: [item], summary }, setting, 20);
    const honest = notificationOf({ kind: 'failure', items: [anItem()], summary }, setting, 20);
    expect(text.split(/[\n\u2028]/)).toHaveLength(honest.text.split('\n').length);
    expect(text).not.toContain('\u001b');
    expect(items[0]).toMatchObject({ instanceId: forged, backupId: forged });
  });

  test.each(PRESET_NAMES)('for %s never exceeds what it takes, and counts what it leaves out', (preset) => {
    const items = fc.array(
      fc.record({ message: fc.string({ unit: 'grapheme', maxLength: 600 }), hint: fc.string() }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(items, (texts) => {
        const story: Story = { kind: 'failure', items: texts.map((text) => anItem(text)), summary };
        const body = encodeBody(bodyFor(preset, story));
        expect(Buffer.byteLength(body)).toBeLessThanOrEqual(PRESETS[preset].maxBytes);
        expect(JSON.parse(body)).toBeTypeOf('object');
      }),
      { numRuns: 30 },
    );
  });

  test('names the most important ones, and how many more there are', () => {
    const items = Array.from({ length: 57 }, (_, index) => anItem({ backupId: `backup-${index}` }));
    const body = encodeBody(bodyFor('feishu', { kind: 'failure', items, summary }));
    expect(body).toContain('backup-0 ');
    expect(body).toContain('backup-19 ');
    expect(body).not.toContain('backup-20 ');
    expect(body).toContain('and 37 more');
  });

  test('calls nobody in Slack, whatever a message quotes', () => {
    const items = [anItem({ message: 'quoted <!channel> & <https://evil.example|click>' })];
    const body = encodeBody(bodyFor('slack', { kind: 'failure', items, summary }));
    expect(body).not.toMatch(/<|>/);
    expect(body).toContain('&lt;!channel&gt; &amp;');
  });
});

describe("a template of the user's own", () => {
  const fill = (template: Parameters<typeof fittingBody>[0]) =>
    fittingBody(template, (room) => notificationOf(trouble, setting, room), {
      maxBytes: 100_000,
      maxItems: 20,
      protect: (text) => text,
    });

  test('is filled in as values, so that no quote breaks the JSON', () => {
    const { content } = fill({ a: ['{kind}', { b: 'exit {exitCode} of {runId}' }], c: 7, text: '{text}' });
    expect(content).toMatchObject({ a: ['risk', { b: 'exit 3 of run-1' }], c: 7 });
    expect(JSON.parse(encodeBody(fill({ text: '{text}' })))).toMatchObject({
      text: expect.stringContaining('closed "early"'),
    });
  });

  test('can hold the whole document', () => {
    expect(fill({ data: '{notification}' }).content).toMatchObject({
      data: { schema: 'rdb-archiver/notification@1', kind: 'risk', items: [{ urgent: true }, {}] },
    });
  });

  test('is sent as plain text where it is a text', () => {
    const body = fill('{title} at {time}');
    expect(body.contentType).toBe('text/plain; charset=utf-8');
    expect(encodeBody(body)).toMatch(/^rdb-archiver: .* at 2026-11-24T03:00:00Z$/);
  });
});

test('the kind of receiver is told by its host', () => {
  const kinds = {
    'https://hooks.slack.com/services/T0/B0/x': 'slack',
    'https://open.feishu.cn/open-apis/bot/v2/hook/x': 'feishu',
    'https://open.larksuite.com/open-apis/bot/v2/hook/x': 'feishu',
    'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x': 'wecom',
    'https://oapi.dingtalk.com/robot/send?access_token=x': 'dingtalk',
    'https://alerts.example.com/hook': 'json',
  };
  for (const [address, kind] of Object.entries(kinds)) expect(presetNameOf('auto', address)).toBe(kind);
  expect(presetNameOf('slack', 'https://mattermost.example.com/hooks/x')).toBe('slack');
});
