/** What a person at a terminal sees of a run: bars while it works, a table and every failure with its advice when it ends. */
import type { Clock } from '../domain/clock.ts';
import type { Outcome, RunSummary } from '../domain/outcome.ts';
import { counted, humanSize, humanTime } from './amounts.ts';
import { closingText, type RunStory, type Trouble } from './closing.ts';
import { errorText } from './error-text.ts';
import type { ArchiverEvent, Observer } from './observer.ts';
import { type Bars, createBars } from './progress-bars.ts';
import { redact } from './redact.ts';
import type { Paint } from './style.ts';
import { printable } from './text-width.ts';

export interface ProgressOptions {
  /** Where the bars are drawn; absent where nobody looks: then each outcome is a line instead. */
  readonly terminal?: NodeJS.WriteStream;
  /** For lines while it works. */
  readonly say: (text: string) => void;
  /** For the closing table. */
  readonly conclude: (text: string) => void;
  readonly clock: Pick<Clock, 'now'>;
  /** The two texts may go to different places, of which one has no colours. */
  readonly paint: { readonly say: Paint; readonly conclude: Paint };
  /** Columns of the closing table; absent: as wide as it takes. */
  readonly width?: number;
}

export interface Progress {
  readonly observer: Observer;
  /** Takes the bars off the screen when the run ended without a summary. */
  close(): void;
}

export function createProgress(options: ProgressOptions): Progress {
  const { clock, paint } = options;
  const archived: RunStory['archived'][number][] = [];
  const failed: RunStory['failed'][number][] = [];
  const troubles: Trouble[] = [];
  let bars: Bars | undefined;

  const say = (line: string): void => {
    if (bars === undefined) options.say(`${line}\n`);
    else bars.say(line);
  };
  const close = (): void => {
    bars?.stop();
    bars = undefined;
  };

  const observer = (event: ArchiverEvent): void => {
    switch (event.type) {
      case 'source.listed': {
        say(`${event.source}: ${counted(event.instances, 'instance')}, ${counted(event.backups, 'backup')}`);
        return;
      }
      case 'run.failed': {
        troubles.push({ what: 'the run itself', ...errorText(event.error) });
        return;
      }
      case 'source.failed':
      case 'instance.failed': {
        const what = event.type === 'source.failed' ? event.source : `${event.source} ${event.instanceId}`;
        troubles.push({ what: `${what} could not be listed`, ...errorText(event.error) });
        return;
      }
      case 'plan.ready': {
        if (event.todo === 0) return;
        if (options.terminal !== undefined) bars = createBars(options.terminal, clock);
        bars?.expect(event.todo);
        return;
      }
      case 'transfer.begin': {
        bars?.begin(event.transferId, printable(`${event.instanceId} ${event.file}`), event.size);
        return;
      }
      case 'transfer.progress': {
        bars?.move(event.transferId, event.position);
        return;
      }
      case 'transfer.end': {
        bars?.end(event.transferId);
        return;
      }
      case 'backup.retry': {
        say(
          `${paint.say('yellow', 'again')}     ${event.instanceId} ${event.backupId}: ${errorText(event.error).message}`,
        );
        return;
      }
      case 'warning': {
        say(
          redact(
            `${paint.say('yellow', 'warning')}   ${event.message}${event.hint === undefined ? '' : ` ${event.hint}`}`,
          ),
        );
        return;
      }
      case 'backup.outcome': {
        keep(event.outcome);
        return;
      }
      case 'run.summary': {
        close();
        options.conclude(redact(closing(event.summary)));
        return;
      }
      default:
    }
  };

  const closing = (summary: RunSummary): string => {
    if (options.terminal === undefined)
      return closingText({ archived: [], failed, troubles, summary }, paint.conclude);
    return `\n${closingText({ archived, failed, troubles, summary }, paint.conclude, options.width)}`;
  };
  const keep = (outcome: Outcome): void => {
    if (outcome.outcome === 'skipped') return;
    if (outcome.outcome === 'archived') archived.push(outcome);
    else failed.push(outcome);
    bars?.done();
    // The closing table names what was archived; where nobody watches, it comes as lines instead.
    const watched = options.terminal !== undefined;
    if (!watched || (outcome.outcome === 'failed' && outcome.reason !== 'interrupted'))
      say(outcomeLine(outcome, paint.say));
  };

  return { observer, close };
}

function outcomeLine(outcome: Outcome, paint: Paint): string {
  const subject = `${outcome.instanceId} ${outcome.backupId}`;
  if (outcome.outcome === 'failed') return `${paint('red', 'failed')}    ${subject}  ${outcome.reason}`;
  return `${paint('green', 'archived')}  ${subject}  ${humanSize(outcome.bytes)} in ${humanTime(outcome.durationMs)}`;
}
