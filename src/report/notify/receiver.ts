/** One receiver: its preset and the user's wishes put together into something that takes a story. */
import type { Clock } from '../../domain/clock.ts';
import { type Current, withCurrent } from '../../domain/current.ts';
import type { PresetName, Template } from '../../domain/notification.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Wishes } from './decide.ts';
import { type Exchange, type Message, originOf, type Verdict } from './exchange.ts';
import { notificationOf, type Story } from './message.ts';
import { PRESETS, type Preset, presetNameOf } from './presets.ts';
import { dingtalkSignature, feishuSignature } from './signature.ts';
import { type Body, encodeBody, escapeAngleBrackets, fittingBody } from './template.ts';

export interface ReceiverSecrets {
  /** The whole address is the key to the channel. */
  readonly url: Secret;
  /** Signs the message, where the preset knows how. */
  readonly secret?: Secret;
  /** Sent as a bearer token. */
  readonly token?: Secret;
}

export interface ReceiverOptions extends Wishes {
  readonly name: string;
  readonly preset: PresetName | 'auto';
  readonly secrets: Current<ReceiverSecrets>;
  readonly method: 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  /** In place of the preset's. */
  readonly template?: Template;
}

export interface Receiver {
  readonly name: string;
  readonly preset: PresetName;
  /** Scheme and host. */
  readonly address: string;
  readonly wishes: Wishes;
  /** Rejects with an `ArchiverError` of code `notify-failed`. */
  send(story: Story, signal: AbortSignal): Promise<void>;
}

export interface ReceiverPorts {
  readonly exchange: Exchange;
  readonly clock: Pick<Clock, 'now'>;
  /** Where archives go, without credentials. */
  readonly destination: string;
}

const TRIES = 3;

export function createReceiver(
  options: ReceiverOptions,
  { exchange, clock, destination }: ReceiverPorts,
): Receiver {
  const address = options.secrets().url.reveal();
  const name = presetNameOf(options.preset, address);
  const preset = PRESETS[name];
  const protect = preset.escape === 'angle-brackets' ? escapeAngleBrackets : (text: string) => text;

  return {
    name: options.name,
    preset: name,
    address: originOf(address),
    wishes: { events: options.events, intervalMs: options.intervalMs },
    send(story, signal) {
      const now = clock.now();
      const body = fittingBody(
        options.template ?? preset.template,
        (room) => notificationOf(story, { destination, now }, room),
        { ...preset, protect },
      );
      return withCurrent(
        options.secrets,
        (secrets) =>
          exchange(
            {
              message: () => signed(body, secrets),
              judge: (_status, answer) => judge(answer, preset),
              secrets: [secrets.secret, secrets.token].flatMap((secret) => (secret ? [secret.reveal()] : [])),
              tries: TRIES,
            },
            signal,
          ),
        () => !signal.aborted,
      );
    },
  };

  function signed(body: Body, secrets: ReceiverSecrets): Message {
    const { address: to, content } = sign(preset.signature, body.content, secrets);
    const token = secrets.token === undefined ? {} : { authorization: `Bearer ${secrets.token.reveal()}` };
    return {
      address: to,
      method: options.method,
      headers: { 'content-type': body.contentType, ...options.headers, ...token },
      body: encodeBody({ ...body, content }),
    };
  }

  function sign(
    where: Preset['signature'],
    content: unknown,
    secrets: ReceiverSecrets,
  ): { address: string; content: unknown } {
    const address = secrets.url.reveal();
    const secret = secrets.secret?.reveal();
    if (secret === undefined || where === undefined) return { address, content };
    if (where === 'dingtalk-query') {
      const url = new URL(address);
      url.searchParams.set('timestamp', String(clock.now()));
      url.searchParams.set('sign', dingtalkSignature(secret, clock.now()));
      return { address: url.href, content };
    }
    if (typeof content !== 'object') return { address, content };
    const seconds = Math.floor(clock.now() / 1000);
    return {
      address,
      content: { timestamp: String(seconds), sign: feishuSignature(secret, seconds), ...content },
    };
  }
}

/** A 200 is no success yet where the body has the last word. */
function judge(answer: string, { resultField, throttled = [] }: Preset): Verdict {
  if (resultField === undefined) return { ok: true };
  const result = resultOf(answer, resultField);
  if (result === 0) return { ok: true };
  if (result === undefined)
    return { ok: false, said: `HTTP 200 without a ${resultField}, so not from this kind of receiver` };
  return {
    ok: false,
    again: throttled.includes(result),
    said: `${resultField} ${result} ${messageOf(answer)}`,
  };
}

function resultOf(answer: string, field: string): number | undefined {
  const value = parsed(answer)[field];
  return typeof value === 'number' ? value : undefined;
}

function messageOf(answer: string): string {
  const { msg, errmsg } = parsed(answer);
  return String(msg ?? errmsg ?? '');
}

function parsed(answer: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(answer);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
