/** What comes of a message at each kind of receiver, and that nothing of an address is told when it fails. */
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/domain/secret.ts';
import { errorText } from '../../../src/report/error-text.ts';
import { createLog } from '../../../src/report/log.ts';
import { createTestClock } from '../../support/clock.ts';
import type { Answer } from '../../support/loopback.ts';
import {
  ADDRESS_SECRET,
  dingtalkReceiver,
  feishuReceiver,
  jsonReceiver,
  slackReceiver,
  type TestReceiver,
  wecomReceiver,
} from '../../support/receivers.ts';
import { aReceiver, play, startProcess } from './setup.ts';
import { failedOutcome, runOf } from './stories.ts';

const SECRET = 'SEC-sIgNiNg/+key';
const signal = () => new AbortController().signal;

async function sent(receiver: TestReceiver, options: Parameters<typeof aReceiver>[1]) {
  const clock = createTestClock();
  const { notifier } = startProcess({ receivers: [aReceiver(receiver.url, options)] }, { clock });
  const [result] = await notifier.test(signal());
  return { ...result, waited: clock.slept() };
}

describe('a message', () => {
  const clock = createTestClock();

  test.each([
    ['slack', slackReceiver, undefined],
    ['wecom', wecomReceiver, undefined],
    ['feishu', () => feishuReceiver({ clock }), undefined],
    ['feishu', () => feishuReceiver({ clock, secret: SECRET }), SECRET],
    ['dingtalk', () => dingtalkReceiver({ clock }), undefined],
    ['dingtalk', () => dingtalkReceiver({ clock, secret: SECRET }), SECRET],
  ] as const)('is taken by %s (%#)', async (preset, start, secret) => {
    const receiver = await start();
    const options = { preset, ...(secret !== undefined && { secret: new Secret(secret) }) };
    expect(await sent(receiver, options)).toMatchObject({ result: 'delivered', detail: '' });
    expect(receiver.shown).toEqual([expect.stringMatching(/^\*?rdb-archiver: test message\*?\n/)]);
  });

  test.each([
    ['feishu', () => feishuReceiver({ clock, secret: SECRET }), 'code 19021 sign match fail'],
    ['dingtalk', () => dingtalkReceiver({ clock, secret: SECRET }), 'errcode 310000 sign not match'],
  ] as const)('that %s answers with 200 and an error code has failed', async (preset, start, said) => {
    const receiver = await start();
    const wrong = new Secret('SEC-another-key');
    const { result, detail } = await sent(receiver, { preset, secret: wrong });
    expect(result).toBe('failed');
    expect(detail).toContain(said);
    expect(receiver.asked).toHaveLength(1);
  });

  test.each(['feishu', 'wecom', 'dingtalk'] as const)(
    'to what is no %s at all has failed, whatever its status',
    async (preset) => {
      const receiver = await jsonReceiver();
      receiver.fail({ status: 200, body: '<html>sign in</html>' });
      expect(await sent(receiver, { preset })).toMatchObject({ result: 'failed' });
    },
  );

  test('is sent again when the receiver asks for patience, and then counts as one', async () => {
    const receiver = await feishuReceiver({ clock });
    receiver.fail({ body: JSON.stringify({ code: 11232, msg: 'frequency limited' }) });
    const { result, waited } = await sent(receiver, { preset: 'feishu' });
    expect(result).toBe('failed');
    expect(receiver.asked).toHaveLength(3);
    expect(waited).toBe(3000);
  });

  test('that is refused for a token whose file holds another one by now is sent once more with that', async () => {
    const receiver = await jsonReceiver();
    const tokens = ['old', 'old', 'new'].map((text) => new Secret(`token-${text}`));
    const url = new Secret(receiver.url);
    const inTurn = tokens.map((token) => ({ url, token }));
    const last = { url, token: new Secret('token-newest') };
    // Asked when it is made, when the message is sent, and when that was refused.
    const exchanged = { ...aReceiver(receiver.url), secrets: () => inTurn.shift() ?? last };
    receiver.fail({ status: 401, body: 'no' });
    await startProcess({ receivers: [exchanged] }, { clock }).notifier.test(signal());
    expect(receiver.asked.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-old',
      'Bearer token-new',
    ]);
  });

  test('is not carried along by a redirect', async () => {
    const [receiver, elsewhere] = [await jsonReceiver(), await jsonReceiver()];
    receiver.fail({ status: 307, body: '', headers: { location: elsewhere.url } });
    expect(await sent(receiver, {})).toMatchObject({ result: 'failed' });
    expect(elsewhere.asked).toEqual([]);
  });
});

describe('a dead receiver', () => {
  const wordy: Answer = {
    status: 400,
    body: `no such hook: /hooks/${ADDRESS_SECRET}, token ${ADDRESS_SECRET}, signed with ${SECRET} and t0k3n-of-ops`,
  };

  test.each([
    ['refuses', { status: 404, body: 'no_service' }, 1],
    ['is overloaded', { status: 503, body: '' }, 3],
    ['cuts the connection', 'reset', 3],
    ['quotes its address back', wordy, 1],
  ] as const)(
    'that %s fails no run, is reported, and none of its secrets is',
    async (_what, answer, tries) => {
      const receiver = await jsonReceiver();
      receiver.fail(answer);
      const secrets = { secret: new Secret(SECRET), token: new Secret('t0k3n-of-ops') };
      const { run, told, of } = startProcess({ receivers: [aReceiver(receiver.url, secrets)] });
      await run(runOf([failedOutcome('backup-1')]));
      expect(receiver.asked).toHaveLength(tries);
      expect(of('run.summary')).toMatchObject([{ summary: { exitCode: 3 } }]);
      expect(of('notify.failed')).toMatchObject([{ receiver: 'ops', error: { code: 'notify-failed' } }]);
      const [failure] = of('notify.failed');
      expect(failure && errorText(failure.error).message).toContain(receiver.origin);

      const lines: string[] = [];
      const clock = createTestClock();
      const log = createLog({ write: (line) => lines.push(line), clock, level: 'debug', skipped: true });
      told.forEach(log);
      expect(lines.join('')).not.toMatch(/Hk3vTq9zPw|sIgNiNg|t0k3n/);
      expect(lines.find((line) => line.includes('notify.failed'))).toContain('"level":"warn"');
    },
  );

  test('holds up nobody for longer than there is time after a signal', async () => {
    const receiver = await jsonReceiver();
    receiver.fail('silence');
    const { notifier, of } = startProcess(
      { receivers: [aReceiver(receiver.url, { events: ['interrupted'] })] },
      { clock: impatient() },
    );
    const events = runOf([], { exitCode: 143 });
    await notifier.after(async () => play(events, notifier.observer), AbortSignal.abort());
    expect(of('notify.failed')).toMatchObject([
      { error: { message: expect.stringContaining('in the time') } },
    ]);
    expect(of('run.summary')).toHaveLength(1);
  });
});

/** All time-outs that the notifier sets itself are over at once; those of the network stay. */
function impatient() {
  const clock = createTestClock();
  return { ...clock, alarm: (_milliseconds: number, fire: () => void) => clock.alarm(20, fire) };
}
