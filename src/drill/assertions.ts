/** What the configuration demands of an archive: asked of each shard's server, then judged over all of them. */
import type { Clock } from '../domain/clock.ts';
import type { DrillRule, ScriptDemand, TtlDemand } from '../domain/drill.ts';
import { asArchiverError } from '../domain/errors.ts';
import type { AssertionResult } from './report.ts';
import type { Reply, ServerLink } from './server-link.ts';

/** What one shard answers to one demand. */
export interface Finding {
  readonly ok: boolean;
  readonly detail: string;
}

/** A demand that each shard is asked for. */
export interface Demand {
  readonly words: string;
  readonly database: number;
  find(ask: (...command: string[]) => Promise<Reply>): Promise<Finding>;
}

/** A script that takes longer is taken for one that never ends. */
const PATIENCE_MS = 60_000;

/** The demands of these rules that a server is asked for, in the order in which they were written. */
export function demandsOf(rules: readonly DrillRule[]): Demand[] {
  return rules.flatMap(({ database, exists, ttl, scripts }) => [
    ...exists.map((key) => existsDemand(database, key)),
    ...ttl.map((demand) => ttlDemand(database, demand)),
    ...scripts.map((script) => scriptDemand(database, script)),
  ]);
}

/** Asks one shard's server, one demand after another. Rejects only with the signal's reason. */
export async function askAll(
  link: ServerLink,
  demands: readonly Demand[],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const demand of demands) {
    const tooLong = new AbortController();
    const alarm = clock.alarm(PATIENCE_MS, () => tooLong.abort(new Error('it took longer than a minute')));
    alarm.restart();
    const either = AbortSignal.any([signal, tooLong.signal]);
    const ask = (...command: string[]) => link.ask(command, either);
    try {
      await ask('SELECT', String(demand.database));
      findings.push(await demand.find(ask));
    } catch (error) {
      signal.throwIfAborted();
      findings.push({ ok: false, detail: errorLine(error) });
    } finally {
      alarm.stop();
    }
  }
  return findings;
}

/** In a cluster a key lies in one shard, so it is enough when one of them has it; `keys` counts over all. */
export function judge(
  rules: readonly DrillRule[],
  demands: readonly Demand[],
  /** Of each shard, in the order of the demands. */
  findings: readonly (readonly Finding[])[],
  keys: number,
): AssertionResult[] {
  const asked = demands.map(({ words }, index): AssertionResult => {
    const answers = findings.flatMap((shard) => shard[index] ?? []);
    const best = answers.find(({ ok }) => ok) ?? answers.at(-1);
    return { assertion: words, ok: best?.ok ?? false, detail: best?.detail ?? 'nobody was asked' };
  });
  const counted = rules.flatMap(({ minimumKeys }): AssertionResult[] =>
    minimumKeys === undefined
      ? []
      : [{ assertion: `keys >= ${minimumKeys}`, ok: keys >= minimumKeys, detail: `there are ${keys}` }],
  );
  return [...counted, ...asked];
}

function existsDemand(database: number, key: string): Demand {
  return {
    words: `exists ${printableKey(key)}${where(database)}`,
    database,
    async find(ask) {
      const there = (await ask('EXISTS', key)) === 1;
      return { ok: there, detail: there ? 'there is such a key' : 'there is no such key' };
    },
  };
}

function ttlDemand(database: number, { key, atLeast, atMost }: TtlDemand): Demand {
  const limits = [
    atLeast === undefined ? '' : ` >= ${seconds(atLeast)}`,
    atMost === undefined ? '' : ` <= ${seconds(atMost)}`,
  ];
  return {
    words: `ttl ${printableKey(key)}${limits.join('')}${where(database)}`,
    database,
    async find(ask) {
      const left = Number(await ask('PTTL', key));
      if (left === -2) return { ok: false, detail: 'there is no such key' };
      if (left < 0) return { ok: false, detail: 'the key does not expire' };
      const ok = left >= (atLeast ?? 0) && left <= (atMost ?? Number.POSITIVE_INFINITY);
      return { ok, detail: `the key expires in ${seconds(left)}` };
    },
  };
}

function scriptDemand(database: number, { name, lua }: ScriptDemand): Demand {
  return {
    words: `script ${printableKey(name)}${where(database)}`,
    database,
    async find(ask) {
      const reply = await ask('EVAL', lua, '0');
      return { ok: isTruthy(reply), detail: `it returned ${printableKey(JSON.stringify(reply) ?? 'nil')}` };
    },
  };
}

/** Lua's false and nil arrive as nil. */
function isTruthy(reply: Reply): boolean {
  return reply !== null && reply !== undefined && reply !== 0 && reply !== '';
}

function where(database: number): string {
  return database === 0 ? '' : ` in database ${database}`;
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)}s`;
}

function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : asArchiverError(error).message;
  return message.split('\n')[0]?.slice(0, 200) ?? '';
}

/** A key's name for a message: short, and without control characters. */
function printableKey(key: string): string {
  const printable = key.replaceAll(/[^\x20-\x7e]/g, '.');
  return printable.length > 60 ? `${printable.slice(0, 59)}…` : printable;
}
