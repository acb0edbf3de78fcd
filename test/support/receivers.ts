/** Receivers of notifications on loopback that check what the real ones check, and answer 200 to failures where those do. */
import { createHmac } from 'node:crypto';
import type { Clock } from '../../src/domain/clock.ts';
import { type Answer, type Asked, serve } from './loopback.ts';

const HOUR_MS = 3_600_000;

export interface TestReceiver {
  /** The whole address, with the part of it that is a secret. */
  readonly url: string;
  /** `http://127.0.0.1:PORT`: what may be shown of it. */
  readonly origin: string;
  /** All that came, good or bad. */
  readonly asked: readonly Asked[];
  /** The texts that would have been shown. */
  readonly shown: readonly string[];
  /** Makes it answer something else for a while; undefined: as it is. */
  fail(answer: Answer | undefined): void;
}

interface Signed {
  readonly secret?: string;
  readonly clock: Pick<Clock, 'now'>;
}

/** The secret parts of the addresses, for tests that look for them where they must not be. */
export const ADDRESS_SECRET = 'Hk3vTq9zPw';

type Take = (asked: Asked, show: (text: string) => void) => Answer;

async function receiver(path: string, take: Take): Promise<TestReceiver> {
  const shown: string[] = [];
  let failing: Answer | undefined;
  const server = await serve((asked) => failing ?? take(asked, (text) => shown.push(text)));
  return {
    url: server.url + path,
    origin: server.url,
    asked: server.asked,
    shown,
    fail(answer) {
      failing = answer;
    },
  };
}

/** Takes anything; `shown` are the bodies. */
export function jsonReceiver(): Promise<TestReceiver> {
  return receiver(`/hooks/${ADDRESS_SECRET}`, ({ body }, show) => {
    show(body);
    return { status: 204, body: '' };
  });
}

/** Slack refuses by status, with a word in the body. */
export function slackReceiver(): Promise<TestReceiver> {
  return receiver(`/services/T00000000/B00000000/${ADDRESS_SECRET}`, ({ body }, show) => {
    const { text } = JSON.parse(body);
    if (typeof text !== 'string' || text === '') return { status: 400, body: 'no_text' };
    show(text);
    return { body: 'ok' };
  });
}

export function feishuReceiver({ secret, clock }: Signed): Promise<TestReceiver> {
  return receiver(`/open-apis/bot/v2/hook/${ADDRESS_SECRET}`, ({ body, headers }, show) => {
    const refuse = (code: number, msg: string) => ({ body: JSON.stringify({ code, msg, data: {} }) });
    if (!headers['content-type']?.startsWith('application/json')) return refuse(9499, 'Bad Request');
    if (Buffer.byteLength(body) > 20_480) return refuse(9499, 'Bad Request');
    const { timestamp, sign, msg_type: type, content } = JSON.parse(body);
    if (secret !== undefined) {
      const expected = createHmac('sha256', `${timestamp}\n${secret}`).digest('base64');
      if (Math.abs(clock.now() - Number(timestamp) * 1000) > HOUR_MS || sign !== expected)
        return refuse(19021, 'sign match fail or timestamp is not within one hour from current time');
    }
    const { title, content: paragraphs } = content?.post?.en_us ?? {};
    if (type !== 'post' || !Array.isArray(paragraphs)) return refuse(9499, 'Bad Request');
    show([title, ...paragraphs.flat().map(({ text }) => text)].join('\n'));
    return { body: JSON.stringify({ code: 0, msg: 'success', data: {}, StatusCode: 0 }) };
  });
}

export function wecomReceiver(): Promise<TestReceiver> {
  return receiver(`/cgi-bin/webhook/send?key=${ADDRESS_SECRET}`, ({ path, body }, show) => {
    const refuse = (errcode: number, errmsg: string) => ({ body: JSON.stringify({ errcode, errmsg }) });
    if (!path.endsWith(`?key=${ADDRESS_SECRET}`)) return refuse(93000, 'invalid webhook url');
    const { msgtype, text } = JSON.parse(body);
    if (msgtype !== 'text' || Buffer.byteLength(text.content) > 2048)
      return refuse(40058, 'text.content exceed max length 2048');
    show(text.content);
    return { body: JSON.stringify({ errcode: 0, errmsg: 'ok' }) };
  });
}

export function dingtalkReceiver({ secret, clock }: Signed): Promise<TestReceiver> {
  return receiver(`/robot/send?access_token=${ADDRESS_SECRET}`, ({ path, body }, show) => {
    const refuse = (errcode: number, errmsg: string) => ({ body: JSON.stringify({ errcode, errmsg }) });
    const query = new URL(path, 'http://robot').searchParams;
    if (query.get('access_token') !== ADDRESS_SECRET) return refuse(300001, 'token is not exist');
    if (secret !== undefined) {
      const timestamp = query.get('timestamp');
      const expected = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
      if (Math.abs(clock.now() - Number(timestamp)) > HOUR_MS) return refuse(310000, 'invalid timestamp');
      if (query.get('sign') !== expected) return refuse(310000, 'sign not match');
    }
    show(JSON.parse(body).text.content);
    return { body: JSON.stringify({ errcode: 0, errmsg: 'ok' }) };
  });
}

/** As healthchecks.io: `OK`, or `OK (not found)` for an address that nobody watches. */
export function heartbeatReceiver(): Promise<TestReceiver> {
  return receiver(`/${ADDRESS_SECRET}`, ({ path }, show) => {
    if (!path.startsWith(`/${ADDRESS_SECRET}`)) return { body: 'OK (not found)' };
    show(path.slice(ADDRESS_SECRET.length + 1) || '(success)');
    return { body: 'OK' };
  });
}
