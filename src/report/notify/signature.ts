/** The signatures of the chat receivers: two short functions, which differ in everything but the hash. */
import { createHmac } from 'node:crypto';

/**
 * Feishu and Lark: the key is `TIMESTAMP\nSECRET`, the message is empty, the time is in seconds and at most an hour off.
 * Source: open.feishu.cn, "Custom bot usage guide", signature verification.
 */
export function feishuSignature(secret: string, seconds: number): string {
  return createHmac('sha256', `${seconds}\n${secret}`).digest('base64');
}

/**
 * DingTalk: the key is the secret, the message is `TIMESTAMP\nSECRET`, the time is in milliseconds and at most an hour off.
 * Source: open.dingtalk.com, "Custom robot security settings".
 */
export function dingtalkSignature(secret: string, milliseconds: number): string {
  return createHmac('sha256', secret).update(`${milliseconds}\n${secret}`).digest('base64');
}
