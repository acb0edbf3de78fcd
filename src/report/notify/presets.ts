/** How receivers differ, as data: their body, its limit, their signature, and what a good answer of theirs is. */
import type { PresetName, Template } from '../../domain/notification.ts';

export interface Preset {
  readonly template: Template;
  /** Bytes of the body at the most; a notification that is longer leaves out its least important items. */
  readonly maxBytes: number;
  /** Items at the most, however short they are. */
  readonly maxItems: number;
  /** `angle-brackets`: `&`, `<` and `>` would be read as mark-up (and `<!channel>` would call everybody). */
  readonly escape?: 'angle-brackets';
  /** Where the signature goes when there is a signing secret. */
  readonly signature?: 'feishu-body' | 'dingtalk-query';
  /** The body's field that holds 0 for success: these answer 200 to failures too. Absent: the HTTP status tells all. */
  readonly resultField?: 'code' | 'errcode';
  /** Results that mean "too often": worth another try. */
  readonly throttled?: readonly number[];
  /** Hosts that `auto` knows it by. */
  readonly hosts: readonly string[];
}

/** More of them in a chat nobody reads. */
const CHAT_ITEMS = 20;

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  /** Our own document, for whoever receives it by program: `rdb-archiver/notification@1`. The limit is ours. */
  json: { template: '{notification}', maxBytes: 256 * 1024, maxItems: 200, hosts: [] },

  /**
   * Slack, incoming webhooks: answers 200 `ok`, failures by HTTP status with a word in the body; one message a second, 429 with
   * `Retry-After` beyond. The text is cut at 40,000 characters, and 4,000 are advised.
   * Sources: docs.slack.dev, "Sending messages using incoming webhooks" and "Rate limits".
   */
  slack: {
    template: { text: '*{title}*\n{text}' },
    maxBytes: 4000,
    maxItems: CHAT_ITEMS,
    escape: 'angle-brackets',
    hosts: ['hooks.slack.com', 'hooks.slack-gov.com'],
  },

  /**
   * Feishu and Lark, custom bots: 20 KB of body; 100 messages a minute and 5 a second (code 11232 beyond, also from overload at
   * full hours); answers 200 with `code`, e.g. 19021 for a wrong signature, 19024 for a missing keyword. A `post` reads no
   * mark-up in its texts, while in a `text` an `<at>` would call people.
   * Source: open.feishu.cn, "Custom bot usage guide" (document/client-docs/bot-v3/add-custom-bot).
   */
  feishu: {
    template: {
      msg_type: 'post',
      content: { post: { en_us: { title: '{title}', content: [[{ tag: 'text', text: '{text}' }]] } } },
    },
    maxBytes: 20_000,
    maxItems: CHAT_ITEMS,
    signature: 'feishu-body',
    resultField: 'code',
    throttled: [11232],
    hosts: ['open.feishu.cn', 'open.larksuite.com'],
  },

  /**
   * WeCom, group bots: a `text` holds 2,048 bytes; 20 messages a minute (errcode 45009 beyond); answers 200 with `errcode`.
   * Source: developer.work.weixin.qq.com, "Group bot configuration" (document/path/91770).
   */
  wecom: {
    template: { msgtype: 'text', text: { content: '{title}\n{text}' } },
    maxBytes: 2048,
    maxItems: CHAT_ITEMS,
    resultField: 'errcode',
    throttled: [45009],
    hosts: ['qyapi.weixin.qq.com'],
  },

  /**
   * DingTalk, custom robots: 20,000 bytes; 20 messages a minute, ten minutes of silence beyond (errcode 130101); answers 200 with
   * `errcode`, 310000 for a wrong signature or a missing keyword.
   * Source: open.dingtalk.com, "Custom robot access" and "Custom robot security settings".
   */
  dingtalk: {
    template: { msgtype: 'text', text: { content: '{title}\n{text}' } },
    maxBytes: 20_000,
    maxItems: CHAT_ITEMS,
    signature: 'dingtalk-query',
    resultField: 'errcode',
    hosts: ['oapi.dingtalk.com'],
  },
};

/** The preset that was named, or the one that the address tells; `json` where neither does. */
export function presetNameOf(named: PresetName | 'auto', address: string): PresetName {
  if (named !== 'auto') return named;
  const host = new URL(address).hostname;
  const known = Object.entries(PRESETS).find(([, { hosts }]) => hosts.includes(host));
  return (known?.[0] as PresetName | undefined) ?? 'json';
}
