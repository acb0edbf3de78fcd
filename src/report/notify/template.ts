/** Facts into a body: fills a template's placeholders, and leaves out items until the body fits the receiver. */
import type { Notification, Template } from '../../domain/notification.ts';

export interface Body {
  readonly contentType: string;
  /** A mapping is sent as JSON, a text as it is. */
  readonly content: unknown;
}

type Protect = (text: string) => string;

/** The wording of a notification with at most so many items. */
export type Wording = (items: number) => Notification;

const ANGLE_BRACKETS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

export function escapeAngleBrackets(text: string): string {
  return text.replaceAll(/[&<>]/g, (character) => ANGLE_BRACKETS[character] ?? character);
}

/** The longest body that fits. Without any item it is sent in any case: a title and a number are better than silence. */
export function fittingBody(
  template: Template,
  wording: Wording,
  {
    maxBytes,
    maxItems,
    protect,
  }: { readonly maxBytes: number; readonly maxItems: number; readonly protect: Protect },
): Body {
  for (let items = maxItems; ; items -= 1) {
    const body = fillBody(template, wording(items), protect);
    if (items === 0 || Buffer.byteLength(encodeBody(body)) <= maxBytes) return body;
  }
}

/** The body as it travels. */
export function encodeBody({ content }: Body): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}

function fillBody(template: Template, notification: Notification, protect: Protect): Body {
  const content = fill(template, notification, protect);
  const contentType = typeof content === 'string' ? 'text/plain' : 'application/json';
  return { contentType: `${contentType}; charset=utf-8`, content };
}

/** Fills every text of a tree; filled in as values, so no quote in them can break the JSON. */
function fill(value: unknown, notification: Notification, protect: Protect): unknown {
  if (value === '{notification}') return notification;
  if (typeof value === 'string') return fillText(value, notification, protect);
  if (Array.isArray(value)) return value.map((item: unknown) => fill(item, notification, protect));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fill(item, notification, protect)]),
  );
}

function fillText(text: string, notification: Notification, protect: Protect): string {
  const { title, text: words, kind, time, run } = notification;
  const values: Readonly<Record<string, string>> = {
    title,
    text: words,
    kind,
    time,
    runId: run?.id ?? '',
    exitCode: run === undefined ? '' : String(run.exitCode),
    notification: JSON.stringify(notification),
  };
  return text.replaceAll(/\{([a-zA-Z]+)\}/g, (all, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined ? all : protect(value);
  });
}
