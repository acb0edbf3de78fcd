/** What a person at a terminal sees of a run: bars while it works, a table and every failure with its advice when it ends. */
import type { Clock } from '../../domain/clock.ts';
import type { Outcome, RunSummary } from '../../domain/outcome.ts';
import { printable } from '../../domain/outside-text.ts';
import { counted, humanSize, humanTime, readable } from '../amounts.ts';
import { errorText } from '../error-text.ts';
import { createNowAndThen, LISTING_TOLD_MS } from '../now-and-then.ts';
import type { ArchiverEvent, Observer } from '../observer.ts';
import { redact } from '../redact.ts';
import { type Bars, createBars } from './bars.ts';
import { closingText, type RunStory, type Trouble } from './closing.ts';
import type { Paint } from './colours.ts';

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
  /** By run: those of different schedules can go on at the same time. */
  const stories = new Map<string, Story>();
  const listings = createNowAndThen(clock, LISTING_TOLD_MS);
  let bars: Bars | undefined;

  const say = (line: string): void => {
    if (bars === undefined) options.say(`${line}\n`);
    else bars.say(line);
  };
  const close = (): void => {
    bars?.stop();
    bars = undefined;
  };

  const storyOf = (runId: string): Story => {
    const story = stories.get(runId) ?? { archived: [], failed: [], troubles: [] };
    stories.set(runId, story);
    return story;
  };

  const observer = (event: ArchiverEvent): void => {
    switch (event.type) {
      case 'run.begin': {
        storyOf(event.runId);
        return;
      }
      case 'listing.progress': {
        if (!listings.isDue(`${event.runId} ${event.source}`)) return;
        const soFar = `${counted(event.rows, 'row')} in ${counted(event.pages, 'page')} so far`;
        say(`${paint.say('dim', 'listing')}   ${event.source}: ${soFar} (${event.list})`);
        return;
      }
      case 'source.listed': {
        say(`${event.source}: ${counted(event.instances, 'instance')}, ${counted(event.backups, 'backup')}`);
        return;
      }
      case 'backup.ordered': {
        const doubt = event.inDoubt ? ' (the cloud did not answer; looking whether it makes one)' : '';
        say(`${event.instanceId}: a backup was ordered${doubt}; waiting until it is ready`);
        return;
      }
      case 'backup.made': {
        say(`${event.instanceId}: backup ${event.backupId} is ready`);
        return;
      }
      case 'run.failed': {
        storyOf(event.runId).troubles.push({ what: 'the run itself', ...errorText(event.error) });
        return;
      }
      case 'source.failed':
      case 'instance.failed': {
        const what =
          event.type === 'source.failed' ? event.source : printable(`${event.source} ${event.instanceId}`);
        storyOf(event.runId).troubles.push({
          what: `${what} could not be listed`,
          ...errorText(event.error),
        });
        return;
      }
      case 'key.failed':
        storyOf(event.runId).troubles.push({
          what: `the key of ${event.instanceId} ${event.backupId} could not be kept`,
          ...errorText(event.error),
        });
        return;
      case 'plan.ready': {
        if (event.todo === 0) return;
        if (options.terminal !== undefined) bars ??= createBars(options.terminal, clock);
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
      case 'transfer.late': {
        const { instanceId, file, bytesPerSecond, neededBytesPerSecond, deadline } = event;
        const pace = `${humanSize(bytesPerSecond)}/s, and ${humanSize(neededBytesPerSecond)}/s are needed`;
        const what = printable(`${instanceId} ${file}`);
        say(
          `${paint.say('yellow', 'late')}      ${what} comes at ${pace} before the cloud deletes it at ${readable(deadline)} UTC`,
        );
        return;
      }
      case 'transfer.in-time': {
        say(`${paint.say('dim', 'in time')}   ${printable(`${event.instanceId} ${event.file}`)} again`);
        return;
      }
      case 'transfer.end': {
        bars?.end(event.transferId);
        return;
      }
      case 'backup.retry': {
        say(
          `${paint.say('yellow', 'again')}     ${printable(`${event.instanceId} ${event.backupId}`)}: ${errorText(event.error).message}`,
        );
        return;
      }
      case 'notify.failed': {
        const { message, hint } = errorText(event.error);
        say(`${paint.say('yellow', 'warning')}   ${event.receiver} was not told: ${message}. ${hint}`);
        return;
      }
      case 'warning': {
        say(
          redact(
            `${paint.say('yellow', 'warning')}   ${printable(event.message)}${event.hint === undefined ? '' : ` ${printable(event.hint)}`}`,
          ),
        );
        return;
      }
      case 'destination.measured': {
        const who = event.server === undefined ? '' : ` (${printable(event.server)})`;
        say(`${paint.say('dim', 'measured')}  the destination${who}: archives are proved by ${event.proof}`);
        return;
      }
      case 'uploads.swept': {
        say(`${paint.say('dim', 'removed')}   ${counted(event.removed, 'upload')} that killed runs had left`);
        return;
      }
      case 'schedule.next': {
        say(`${paint.say('dim', 'next run')}  ${readable(event.at)} UTC (${event.cron}, ${event.timezone})`);
        return;
      }
      case 'schedule.tick-skipped': {
        say(
          `${paint.say('yellow', 'no run')}    the one of ${readable(event.runningSince)} UTC is still going`,
        );
        return;
      }
      case 'schedule.run-failed': {
        say(`${paint.say('red', 'failed')}    ${errorText(event.error).message}`);
        return;
      }
      case 'daemon.listening': {
        say(`listening on ${event.url}, in the time zone ${event.timezone} (UTC${event.utcOffset} now)`);
        return;
      }
      case 'daemon.stopping': {
        say(`stopping: ${event.cause}`);
        return;
      }
      case 'backup.outcome': {
        keep(event.outcome);
        return;
      }
      case 'run.summary': {
        const story = storyOf(event.summary.runId);
        stories.delete(event.summary.runId);
        listings.over(event.summary.runId);
        if (stories.size === 0) close();
        options.conclude(redact(closing(story, event.summary)));
        return;
      }
      default:
    }
  };

  const closing = (story: Story, summary: RunSummary): string => {
    if (options.terminal === undefined)
      return closingText({ ...story, archived: [], summary }, paint.conclude);
    return `\n${closingText({ ...story, summary }, paint.conclude, options.width)}`;
  };
  const keep = (outcome: Outcome): void => {
    if (outcome.outcome === 'skipped') return;
    const { archived, failed } = storyOf(outcome.runId);
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

/** What is kept of a run for its closing table. */
interface Story {
  readonly archived: RunStory['archived'][number][];
  readonly failed: RunStory['failed'][number][];
  readonly troubles: Trouble[];
}

function outcomeLine(outcome: Outcome, paint: Paint): string {
  const subject = printable(`${outcome.instanceId} ${outcome.backupId}`);
  if (outcome.outcome === 'failed') return `${paint('red', 'failed')}    ${subject}  ${outcome.reason}`;
  return `${paint('green', 'archived')}  ${subject}  ${humanSize(outcome.bytes)} in ${humanTime(outcome.durationMs)}`;
}
