/** What the tests of the source share: a clock that jumps instead of waiting, fixed keys, plain agents. */
import http from 'node:http';
import https from 'node:https';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createWorld, type World } from '../../src/sandbox/world.ts';
import type { CallReport } from '../../src/source/api-client.ts';
import type { CredentialSource, Credentials } from '../../src/source/credentials.ts';
import type { TencentOptions } from '../../src/source/tencent-options.ts';
import { type CloudOptions, createCloud } from '../support/cloud.ts';

/** 2026-11-24 12:00:00 in Beijing. */
export const NOON = Date.UTC(2026, 10, 24, 4);

export interface JumpingClock extends Clock {
  /** Set it to move the clock. */
  time: number;
  /** How long was slept each time, in milliseconds. */
  readonly sleeps: number[];
}

/** Sleeping takes no time and moves the clock. */
export function jumpingClock(start = NOON): JumpingClock {
  const sleeps: number[] = [];
  return {
    time: start,
    sleeps,
    now() {
      return this.time;
    },
    async sleep(milliseconds, signal) {
      signal.throwIfAborted();
      sleeps.push(milliseconds);
      this.time += milliseconds;
    },
    alarm() {
      throw new Error('nobody sets an alarm here');
    },
    random: () => 0.5,
  };
}

export interface FixedKeys extends CredentialSource {
  refreshes: number;
}

/** Always the first keys, until a refresh moves on to the next. */
export function fixedKeys(...keys: readonly [Credentials, ...Credentials[]]): FixedKeys {
  const current = async function (this: FixedKeys) {
    return keys[Math.min(this.refreshes, keys.length - 1)] ?? keys[0];
  };
  return {
    refreshes: 0,
    current,
    refresh() {
      this.refreshes += 1;
      return current.call(this);
    },
  };
}

export function keysOf({ secretId, secretKey, token }: Record<string, string | undefined>): Credentials {
  return {
    secretId: secretId ?? '',
    secretKey: new Secret(secretKey ?? ''),
    ...(token !== undefined && { token: new Secret(token) }),
  };
}

export interface Setup extends TencentOptions {
  readonly calls: CallReport[];
}

/** Options for a dialect that speaks to `url`. */
export function optionsFor(
  url: string,
  credentials: CredentialSource,
  clock: Clock,
  network: 'intranet' | 'extranet' = 'extranet',
): Setup {
  const calls: CallReport[] = [];
  return {
    name: 'ap-guangzhou',
    region: 'ap-guangzhou',
    endpoint: url,
    utcOffsetMinutes: 480,
    credentials,
    network: async () => network,
    agents: { http: http.globalAgent, https: https.globalAgent },
    clock,
    onCall: (call) => void calls.push(call),
    calls,
  };
}

/** A stand-in cloud for the length of the test; its clock is the worker's, until skewed. */
export async function cloudOf(build: (world: World) => void, extra: Partial<CloudOptions> = {}) {
  const clock = jumpingClock();
  const world = createWorld(clock);
  build(world);
  const cloud = await createCloud({ world, clock, ...extra });
  onTestFinished(() => cloud.close());
  const keys = fixedKeys(keysOf({ ...cloud.credentials }));
  const options = optionsFor(cloud.url, keys, clock);
  return { cloud, world, clock, options };
}

/** A promise's rejection; fails the test when it does not reject. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

export const never = new AbortController().signal;
