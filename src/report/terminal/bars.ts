/** Progress bars at the foot of a terminal: one line for the run, one for each transfer on its way. */
import { MultiBar, type Params, type SingleBar } from 'cli-progress';
import type { Clock } from '../../domain/clock.ts';
import { counted, humanSize, humanTime } from '../amounts.ts';
import { createMeter, type Meter } from './meter.ts';
import { fitted, wrapped } from './text-width.ts';

export interface Bars {
  /** `todo`: how many backups (or what `noun` calls them) this run will move. */
  expect(todo: number, noun?: string): void;
  /** One more of them is done with, well or not. */
  done(): void;
  begin(id: number, title: string, size: number | undefined): void;
  /** Bytes since the file's beginning; may fall back. */
  move(id: number, position: number): void;
  end(id: number): void;
  /** A line above the bars. */
  say(line: string): void;
  /** Takes the bars away; nothing more is drawn. */
  stop(): void;
}

interface Transfer {
  readonly bar: SingleBar;
  readonly meter: Meter;
  /** Bytes; absent where nobody knows. */
  readonly size: number | undefined;
  position: number;
}

/** Columns of the bar itself. */
const BAR_WIDTH = 16;
const FRAMES_A_SECOND = 8;
/** A line is written over a bar that may be longer. */
const ERASE_REST = '\u001b[K';

export function createBars(stream: NodeJS.WriteStream, clock: Pick<Clock, 'now'>): Bars {
  const multibar = new MultiBar({
    stream,
    fps: FRAMES_A_SECOND,
    clearOnComplete: true,
    hideCursor: true,
    // The signals belong to main, which lets the run end well before the bars go.
    gracefulExit: false,
    format: (_options, params, payload: { line: (params: Params) => string }) =>
      fitted(payload.line(params), widthOf(stream)),
  });
  const transfers = new Map<number, Transfer>();
  const run = { meter: createMeter(clock), begunAt: clock.now(), todo: 0, done: 0, noun: 'backup' };
  const runBar = multibar.create(1, 0, {
    line: () =>
      runLine(
        run,
        clock,
        [...transfers.values()].map(({ position, size, meter }) => timeLeft(position, size, meter.rate())),
      ),
  });

  return {
    expect(todo, noun = 'backup') {
      run.todo = todo;
      run.noun = noun;
      run.begunAt = clock.now();
    },
    done() {
      run.done++;
    },
    begin(id, title, size) {
      const meter = createMeter(clock);
      const line = ({ value }: Params): string => transferLine(title, value, size, meter.rate());
      transfers.set(id, { bar: multibar.create(size ?? 0, 0, { line }), meter, size, position: 0 });
    },
    move(id, position) {
      const transfer = transfers.get(id);
      if (transfer === undefined) return;
      const gained = Math.max(0, position - transfer.position);
      transfer.position = position;
      transfer.meter.add(gained);
      run.meter.add(gained);
      transfer.bar.update(position);
    },
    end(id) {
      const transfer = transfers.get(id);
      if (transfer === undefined) return;
      transfers.delete(id);
      transfer.bar.stop();
      multibar.remove(transfer.bar);
    },
    say(line) {
      for (const part of wrapped(line, widthOf(stream))) multibar.log(`${part}${ERASE_REST}\n`);
    },
    stop() {
      // The log's lines are written with the next frame, so that frame must come before the end.
      multibar.update();
      runBar.stop();
      multibar.stop();
    },
  };
}

/** Some terminals say 0. */
function widthOf(stream: NodeJS.WriteStream): number {
  return Math.max(20, stream.columns || 80);
}

/** What is left by the backups done so far, but never less than the slowest transfer still takes: the big ones are often the last. */
function runLine(
  run: { meter: Meter; begunAt: number; todo: number; done: number; noun: string },
  clock: Pick<Clock, 'now'>,
  transfersLeft: readonly number[],
): string {
  const byCount = ((clock.now() - run.begunAt) / run.done) * (run.todo - run.done);
  const left = run.done === 0 ? undefined : Math.max(byCount, ...transfersLeft);
  const parts = [
    `${run.done} of ${counted(run.todo, run.noun)}`,
    humanSize(run.meter.total()),
    `${humanSize(Math.round(run.meter.rate()))}/s`,
    ...(left === undefined || left <= 0 ? [] : [`about ${humanTime(left)} left`]),
  ];
  return parts.join(' · ');
}

/** Milliseconds until the transfer ends at its present rate; 0 where nobody can tell. */
function timeLeft(position: number, size: number | undefined, rate: number): number {
  if (size === undefined) return 0;
  return rate > 0 && position < size ? ((size - position) / rate) * 1000 : 0;
}

/** The numbers first: on a narrow terminal it is the name's end that is cut. */
function transferLine(title: string, position: number, size: number | undefined, rate: number): string {
  const speed = `${humanSize(Math.round(rate))}/s`;
  if (size === undefined || size === 0) return `${humanSize(position)}  ${speed}  ${title}`;
  const share = Math.min(1, position / size);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  const left = timeLeft(position, size, rate);
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${humanSize(size)}  ${speed}${left > 0 ? `  ${humanTime(left)}` : ''}  ${title}`;
}
