/** Checks one source: keys, clock, each action, and the first bytes of one dump. Nothing in the cloud changes. */

import type { Target } from '../archiver/survey.ts';
import { type Finding, failing, notTried, passed, warned } from '../domain/check.ts';
import { asArchiverError } from '../domain/errors.ts';
import { futureWarning } from '../domain/future.ts';
import { writesRdb } from '../domain/instance.ts';
import { idsToList, selector } from '../plan/selection.ts';
import type { Checkup, TriedAction } from '../source/source.ts';
import { type LinkTrial, type TrialPorts, tryLink } from '../transfer/try-link.ts';

type Sample = NonNullable<Checkup['sample']>;

/** The cloud refuses requests more than five minutes off, S3 more than fifteen; a healthy machine is within a second or two. */
const SKEW_TO_WARN_OF_MS = 30_000;

/** Rejects only with the signal's reason. */
export async function checkSource(
  { source, selection }: Target,
  { keys, ...ports }: TrialPorts & { readonly keys: boolean },
  signal: AbortSignal,
): Promise<SourceFindings> {
  const instanceIds = idsToList(selection);
  const found = await source.checkup({
    selects: selector(selection),
    keys,
    ...(instanceIds && { instanceIds }),
    signal,
  });
  const asked = found.actions.flatMap(requestOf);
  const findings = [
    { ...credentialsOf(found), requests: asked },
    { ...clockOf(found), requests: asked },
    ...backupTimesOf(source.name, found, ports.clock.now()).map((one) => ({ ...one, requests: asked })),
    ...found.actions.map((tried) => ({ ...actionFinding(tried), requests: requestOf(tried) })),
    ...(await linkFindings(found.sample, ports, signal)),
  ];
  return { findings, instances: found.instances };
}

interface SourceFindings {
  readonly findings: Finding[];
  /** Ids of those that are selected, as far as the first page shows them. */
  readonly instances: readonly string[];
}

function requestOf({ action, error, untried }: TriedAction): string[] {
  return untried === undefined ? [`${action}: ${error ? error.code : 'done'}`] : [];
}

/** Any answer but a refusal of the keys shows that they were taken. */
function credentialsOf({ actions, host }: Checkup): Finding {
  const errors = actions.flatMap(({ error }) => error ?? []);
  const refused = errors.find(({ code }) => code === 'credentials');
  if (refused) return failing('credentials', refused);
  const isAnswered = actions.some(
    ({ error, untried }) => untried === undefined && error?.code !== 'api-unavailable',
  );
  return isAnswered
    ? passed('credentials', `accepted by ${host}`, { host })
    : notTried('credentials', `the API does not answer (${host})`);
}

function clockOf({ skewMs }: Checkup): Finding {
  if (skewMs === undefined) return notTried('clock', "nothing that answered told the cloud's time");
  const seconds = Math.round(skewMs / 1000);
  const detail =
    Math.abs(seconds) < 2
      ? "this machine's clock is right"
      : `this machine's clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'behind' : 'ahead'}`;
  if (Math.abs(skewMs) < SKEW_TO_WARN_OF_MS) return passed('clock', detail, { skewMs });
  const hint =
    'Set it by NTP: requests to the cloud are corrected, but object storages refuse a clock that is 15 minutes off.';
  return warned('clock', detail, hint, { skewMs });
}

/** The clock is known to be right where the cloud told its time: then it is the zone. */
function backupTimesOf(source: string, { sample, skewMs = 0 }: Checkup, now: number): Finding[] {
  if (!sample) return [];
  const { id, startedAt } = sample.backup;
  const facts = { backupId: id, startedAt };
  const future = futureWarning(source, [sample.backup], now + skewMs);
  return future
    ? [warned('backup-times', future.message, future.hint, facts)]
    : [passed('backup-times', `backup ${id} was started ${startedAt}, and not in the future`, facts)];
}

function actionFinding({ action, error, untried }: TriedAction): Finding {
  if (untried !== undefined) return notTried(action, untried);
  return error ? failing(action, error) : passed(action, 'allowed');
}

async function linkFindings(
  sample: Sample | undefined,
  ports: TrialPorts,
  signal: AbortSignal,
): Promise<Finding[]> {
  const [file] = sample?.files ?? [];
  if (!sample || !file) {
    return ['link', 'download', 'resume'].map((name) => notTried(name, 'there is no link to try'));
  }
  const link = linkFinding(sample, String(file.link));
  try {
    const trial = await tryLink(file.link, ports, signal);
    const whole = 'GET of the link: done';
    const ranged = `GET of the link (bytes=1-): ${trial.obstacle ?? 'done'}`;
    return [
      link,
      { ...downloadFinding(trial, sample), requests: [whole] },
      { ...resumeFinding(trial), requests: [whole, ranged] },
    ];
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    const requests = [`GET of the link: ${error.code}`];
    const download = { ...failing('download', error), requests };
    return [link, download, notTried('resume', 'the download failed')];
  }
}

/** `address`: without its query. */
function linkFinding({ instance, backup, files }: Sample, address: string): Finding {
  const host = new URL(address).host;
  const what = `${files.length === 1 ? 'one file' : `${files.length} files`} of ${instance.id} ${backup.id} at ${host}`;
  const facts = { host, files: files.length, clearText: address.startsWith('http:') };
  if (!facts.clearText) return passed('link', `${what}, encrypted (https)`, facts);
  const hint =
    'Whoever stands between can read whole databases: run inside the cloud and set ARCHIVER_SOURCE_NETWORK=intranet.';
  return warned('link', `${what}, in clear text (http)`, hint, facts);
}

function downloadFinding({ looksLike, size }: LinkTrial, { instance, backup }: Sample): Finding {
  const facts = { looksLike, ...(size === undefined ? {} : { size }) };
  const length = size === undefined ? 'of unknown length' : `of ${size} bytes`;
  if (looksLike === 'web-page') {
    return failing('download', {
      code: 'download-failed',
      message: 'the link gives a web page in place of a dump',
      hint: "A proxy or a captive portal seems to answer in the cloud's place: check HTTPS_PROXY and NO_PROXY.",
    });
  }
  if (looksLike === 'rdb') return passed('download', `the first bytes of an RDB ${length}`, facts);
  if (backup.encrypted || !writesRdb(instance))
    return passed('download', `the first bytes of a file ${length}, whose format is not checked`, facts);
  return warned(
    'download',
    `the first bytes of a file ${length}, which is no RDB`,
    'Such a dump goes to quarantine, unless its checksum proves it: look at the backup in the cloud.',
    facts,
  );
}

function resumeFinding({ obstacle }: LinkTrial): Finding {
  if (obstacle === undefined) return passed('resume', 'a broken download goes on at the same byte');
  const hint = 'Works, but a download that breaks begins anew each time: large dumps may need many attempts.';
  return warned('resume', obstacle, hint);
}
