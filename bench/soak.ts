/**
 * Hours of runs in one process while everything goes wrong that can: after each round every archived byte, every outcome and the exit
 * status are checked, every few rounds nothing goes wrong and all must be archived; at the end memory, files and sockets must be where
 * they were. Linux only (it reads /proc). Usage: npm run soak -- [--minutes N] [--seed S]
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { diceOf } from './soak-dice.ts';
import { growthOf } from './soak-growth.ts';
import {
  ask,
  type Begun,
  type FromWorker,
  type Judged,
  nextMessage,
  type Place,
  type Sample,
  type ToWorker,
} from './soak-words.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const seed = values.seed ?? String(Date.now() % 1_000_000);
const minutes = Number(values.minutes);
/** Every so many rounds nothing goes wrong. */
const CALM_EVERY = 4;
/** As in the container image, and the collector at hand. */
const FLAGS = ['--expose-gc', '--max-semi-space-size=2'];
const ENVIRONMENT = { MALLOC_MMAP_THRESHOLD_: '262144' };
/** With fewer rounds the runtime is still warming up. */
const ENOUGH_ROUNDS = 40;

console.log(`seed ${seed}, ${minutes} minutes`);
const servers = fork(new URL('./soak-servers.ts', import.meta.url), [seed]);
const place = await nextMessage<Place>(servers);
const worker = fork(new URL('./soak-worker.ts', import.meta.url), [JSON.stringify(place)], {
  execArgv: FLAGS,
  env: { ...process.env, ...ENVIRONMENT },
});

const startedAt = Date.now();
const samples: Sample[] = [];
const strikes = new Map<string, number>();
const outcomes = new Map<string, number>();
const exits = new Map<string, number>();
const totals = { runs: 0, files: 0, bytes: 0, problems: 0, calm: 0 };

function count(where: Map<string, number>, what: string, by = 1): void {
  if (by > 0) where.set(what, (where.get(what) ?? 0) + by);
}

/** What happens to the worker itself; never in a calm round. */
function ordeal(round: number, calm: boolean): ToWorker {
  const dice = diceOf(seed, round, 'worker');
  const second = !calm && dice.chance(0.1);
  const interrupted = !calm && dice.chance(0.15);
  return { second, ...(interrupted && { interruptAfterMs: dice.between(5, 2000) }) };
}

async function play(round: number): Promise<void> {
  const calm = round % CALM_EVERY === 0;
  const begunAt = Date.now();
  const { backups, faults } = await ask<Begun>(servers, { ask: 'begin', round, calm });
  const { runs, sample } = await ask<FromWorker>(worker, ordeal(round, calm));
  const judged = await ask<Judged>(servers, { ask: 'judge', runs });

  samples.push(sample);
  totals.runs += runs.length;
  totals.calm += calm ? 1 : 0;
  totals.files += judged.files;
  totals.bytes += judged.bytes;
  totals.problems += judged.problems.length;
  for (const [name, times] of Object.entries(judged.strikes)) count(strikes, name, times);
  for (const run of runs) {
    count(exits, String(run.summary.exitCode));
    if (run.interrupted) count(strikes, 'worker: SIGTERM');
    for (const { outcome, reason } of run.outcomes) count(outcomes, reason ?? outcome);
  }
  if (runs.length > 1) count(strikes, 'worker: another one at the same time');

  const hits = Object.values(judged.strikes).reduce((sum, times) => sum + times, 0);
  const went = runs
    .map(({ summary }) => `exit ${summary.exitCode}, ${summary.archived} archived`)
    .join(' | ');
  const held = `rss ${mb(sample.rss)}, heap ${mb(sample.heap)}, buffers ${mb(sample.buffers)}, ${sample.files} files, ${sample.sockets} sockets, ${sample.timers} timers`;
  console.log(
    `round ${round}${calm ? ', calm' : ''}: ${backups} backups; ${faults.length} faults, ${hits} strikes; ${went}; ${mb(judged.bytes)} compared; ${held}; ${((Date.now() - begunAt) / 1000).toFixed(1)} s`,
  );
  for (const problem of judged.problems) console.log(`  BROKEN: ${problem}`);
  if (judged.problems.length > 0) console.log(`  faults: ${faults.join('; ')}`);
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function peakOf(pid = 0): string {
  const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return mb(Number(kibibytes) * 1024);
}

function table(title: string, rows: ReadonlyMap<string, number>): void {
  console.log(`\n${title}`);
  for (const [name, times] of [...rows].sort(([one], [other]) => one.localeCompare(other)))
    console.log(`  ${String(times).padStart(7)}  ${name}`);
}

try {
  let round = 0;
  // Ends after a calm round, so that the last word is that nothing was lost.
  while (Date.now() - startedAt < minutes * 60_000 || round % CALM_EVERY !== 0) {
    round += 1;
    await play(round);
  }
  table('faults that struck', strikes);
  table('outcomes', outcomes);
  table('exit statuses', exits);
  const growth = growthOf(samples);
  console.log(`\nworker, median of the first and of the last quarter\n  ${growth.lines.join('\n  ')}`);
  console.log(`  peak of its resident memory ${peakOf(worker.pid)}`);
  const elapsed = ((Date.now() - startedAt) / 60_000).toFixed(1);
  const struck = [...strikes.values()].reduce((sum, times) => sum + times, 0);
  console.log(
    `\n${elapsed} minutes, seed ${seed}: ${round} rounds (${totals.calm} calm), ${totals.runs} runs, ${strikes.size} kinds of faults, ${struck} strikes, ${totals.files} archived files with ${mb(totals.bytes)} compared`,
  );
  const grown = round < ENOUGH_ROUNDS ? [] : growth.problems;
  for (const problem of grown) console.log(`GROWN: ${problem}`);
  console.log(`${totals.problems} broken promises, ${grown.length} things grown`);
  process.exitCode = totals.problems + grown.length > 0 ? 1 : 0;
} finally {
  worker.kill();
  servers.kill();
}
