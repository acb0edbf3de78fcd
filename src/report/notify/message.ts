/** Facts in words: title and text of a notification, with as many items as there is room for. */
import { type Instant, toEpoch, toInstant } from '../../domain/instant.ts';
import {
  NOTIFICATION_SCHEMA,
  type Notification,
  type NotificationItem,
  type NotificationKind,
} from '../../domain/notification.ts';
import type { RunSummary } from '../../domain/outcome.ts';
import { printable } from '../../domain/outside-text.ts';
import { counted } from '../amounts.ts';

export interface Story {
  readonly kind: NotificationKind;
  /** Most important first. */
  readonly items: readonly NotificationItem[];
  readonly since?: Instant;
  /** Absent for a test, and while the run still goes on. */
  readonly summary?: RunSummary;
}

export interface Setting {
  /** Where archives go, without credentials. */
  readonly destination: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A single message that fills the chat hides the next one. */
const LONGEST_MESSAGE = 300;

const HOUR_MS = 3_600_000;

export function notificationOf(story: Story, { destination, now }: Setting, room: number): Notification {
  const { kind, since, summary } = story;
  const items = story.items.slice(0, room);
  const more = story.items.length - items.length;
  const title = titleOf(story);
  const text = [
    destination + (summary === undefined ? '' : `, run ${summary.runId}`),
    ...items.flatMap((item) => ['', ...itemLines(item, now)]),
    ...(more > 0 ? ['', items.length > 0 ? `and ${more} more` : `${more} in all; the log names them`] : []),
    ...closing(story),
  ].join('\n');
  return {
    schema: NOTIFICATION_SCHEMA,
    kind,
    title,
    text,
    time: toInstant(now),
    destination,
    ...(summary !== undefined && { run: runOf(summary) }),
    ...(since !== undefined && { since }),
    items,
    more,
  };
}

/** Begins with the product's name: receivers that want a keyword in every message can be given that one. */
function titleOf({ kind, items, summary }: Story): string {
  const urgent = items.filter((item) => item.urgent).length;
  const exit = summary === undefined ? 'the run goes on' : `exit ${summary.exitCode}`;
  switch (kind) {
    case 'risk':
      return `rdb-archiver: ${counted(urgent, 'backup')} lost or about to be, ${counted(items.length, 'problem')} in all (${exit})`;
    case 'failure':
      return `rdb-archiver: the run failed, ${counted(items.length, 'problem')} (${exit})`;
    case 'recovery':
      return 'rdb-archiver: recovered, the run archived all it should';
    case 'warning':
      return `rdb-archiver: archived, but ${counted(items.length, 'instance')} cannot be restored without the cloud`;
    case 'interrupted':
      return `rdb-archiver: the run was interrupted (${exit})`;
    case 'test':
      return 'rdb-archiver: test message';
  }
}

function itemLines(item: NotificationItem, now: number): string[] {
  const { subject, reason, message, hint } = item;
  const unlisted = subject === 'source' || subject === 'instance' ? ' could not be listed' : '';
  return [
    `${whatOf(item)}${unlisted}: ${reason}${dueIn(item, now)}`,
    shortened(message),
    shortened(hint),
  ].filter((line) => line !== '');
}

function whatOf({ subject, source = '', instanceId = '', backupId }: NotificationItem): string {
  switch (subject) {
    case 'run':
      return 'the run itself';
    case 'source':
      return source;
    case 'instance':
      return printable(`${instanceId} (${source})`);
    case 'backup':
      return printable(`${instanceId} ${backupId} (${source})`);
  }
}

function dueIn({ urgent, deadline }: NotificationItem, now: number): string {
  if (!urgent || deadline === undefined) return '';
  const hours = Math.floor((toEpoch(deadline) - now) / HOUR_MS);
  if (hours < 0) return ', the cloud has deleted it';
  return hours < 1 ? ', the cloud deletes it within the hour' : `, the cloud deletes it in ${hours} h`;
}

function closing({ kind, summary, since }: Story): string[] {
  if (kind === 'test') return ['', 'This receiver works. Nothing has happened.'];
  if (summary === undefined) return [];
  const { archived, skipped, failed } = summary;
  const was = since === undefined ? [] : ['', `There was trouble since ${since}.`];
  return [...was, '', `archived ${archived}, skipped ${skipped}, failed ${failed}`];
}

function runOf({
  runId,
  exitCode,
  archived,
  skipped,
  failed,
  durationMs,
}: RunSummary): NonNullable<Notification['run']> {
  return { id: runId, exitCode, archived, skipped, failed, durationMs };
}

function shortened(text: string): string {
  const line = printable(text);
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}
