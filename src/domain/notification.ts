/** A notification: what people are told of a run, as facts and as a text; also the body of the `json` preset. */
import type { Instant } from './instant.ts';

export const NOTIFICATION_SCHEMA = 'rdb-archiver/notification@1';

/**
 * `risk`: the cloud is about to delete a backup that is not archived, or has done so. `failure`: any other run that did not do
 * all it should. `recovery`: the first good run after one that was told of. `interrupted`: stopped by a signal. `warning`: the run did all it
 * should, and yet somebody should know something of what it archived.
 */
export type NotificationKind = 'risk' | 'failure' | 'recovery' | 'interrupted' | 'warning' | 'test';

/** What a receiver can be asked to be told of. */
export const NOTIFIED_KINDS = ['failure', 'recovery', 'risk', 'warning', 'interrupted'] as const;

/** Receivers whose bodies, signatures and answers we know; `json` is everybody else. */
export const PRESET_NAMES = ['json', 'slack', 'feishu', 'wecom', 'dingtalk'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** A body with `{placeholders}` in its texts: JSON where it is a mapping, plain text where it is a text. */
export type Template = string | { readonly [key: string]: unknown };

/** What a template may name in braces. */
export const PLACEHOLDERS = ['title', 'text', 'kind', 'time', 'runId', 'exitCode', 'notification'] as const;

/** One thing that is wrong. */
export interface NotificationItem {
  /** What it happened to: a backup, the listing of an instance or of a source, or the run as a whole. */
  readonly subject: 'backup' | 'instance' | 'source' | 'run';
  /** The outcome's reason for a backup (`late`: it is on its way, and will not be there in time), the error's code else. */
  readonly reason: string;
  /** The cloud deletes the backup within a day, or has done so already. */
  readonly urgent: boolean;
  readonly source?: string;
  readonly region?: string;
  readonly instanceId?: string;
  readonly backupId?: string;
  /** When the cloud deletes the backup. */
  readonly deadline?: Instant;
  readonly message: string;
  readonly hint: string;
}

export interface Notification {
  readonly schema: typeof NOTIFICATION_SCHEMA;
  readonly kind: NotificationKind;
  /** One line. */
  readonly title: string;
  /** The same facts in words, most important first. */
  readonly text: string;
  readonly time: Instant;
  /** Where archives go, without credentials. */
  readonly destination: string;
  /** Absent for a test, and for what is told while the run still goes on. */
  readonly run?: {
    readonly id: string;
    readonly exitCode: number;
    readonly archived: number;
    readonly skipped: number;
    readonly failed: number;
    readonly durationMs: number;
  };
  /** When the trouble was first told of; with a recovery only. */
  readonly since?: Instant;
  /** Most important first. */
  readonly items: readonly NotificationItem[];
  /** How many further items there are that found no room. */
  readonly more: number;
}

/** One row of `notify test`. */
export interface NotifyItem {
  readonly receiver: string;
  readonly preset: PresetName;
  /** Scheme and host alone: the rest of the address is a secret. */
  readonly address: string;
  readonly result: 'delivered' | 'failed';
  /** Why it failed; empty else. */
  readonly detail: string;
}
