/** Nothing secret leaves: not in an event, an error, a manifest or a log line, whatever goes wrong. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createLog } from '../../src/report/log.ts';
import { cosError } from '../../src/sandbox/download-host.ts';
import { textReply } from '../../src/sandbox/exchange.ts';
import { call, download, type Fault } from '../support/cloud.ts';
import { denied, notJson, refused } from '../support/cloud-api-faults.ts';
import {
  cutAt,
  cutBeforeAnswer,
  expired,
  flipBit,
  htmlPage,
  noSuchKey,
  redirect,
  signatureRefused,
  stallAt,
} from '../support/cloud-download-faults.ts';
import { createScenario, type Run, type Scenario, type ScenarioOptions } from '../support/scenario.ts';

/** A cloud that quotes back what it was asked, signature and all. */
const quotingApi: Fault = async (exchange, answer) =>
  refused(
    'AuthFailure.SignatureFailure',
    4100,
    `bad request: ${JSON.stringify(exchange.received.headers)} ${exchange.received.target}`,
  )(exchange, answer);

/** A download host whose refusal quotes the link. */
const quotingHost: Fault = async ({ received }) =>
  cosError(403, 'AccessDenied', `No access to https://bucket.example${received.target}`);

/** A gateway that puts the link into its page, and into the redirect to its login. */
const quotingPage: Fault = async ({ received }) =>
  textReply(502, 'text/html', `<html>no answer for ${received.target}</html>`);

const looping: Fault = (exchange, answer) => redirect(exchange.received.target)(exchange, answer);
const nowhere: Fault = (exchange, answer) =>
  redirect(`http://127.0.0.1:1${exchange.received.target}`)(exchange, answer);

const api = (fault: Fault) => (scenario: Scenario) =>
  void scenario.cloud.fault(({ kind }) => kind !== 'download', fault);
const host = (fault: Fault) => (scenario: Scenario) => void scenario.cloud.fault(download(), fault);

const TROUBLES: Readonly<Record<string, (scenario: Scenario) => void>> = {
  'nothing goes wrong': () => {},
  'the API quotes the request': api(quotingApi),
  'the API is no API': api(notJson(502)),
  'links are denied': (scenario) => void scenario.cloud.fault(call('DescribeBackupUrl'), denied()),
  'the host quotes the link': host(quotingHost),
  'a gateway quotes the link': host(quotingPage),
  'the host redirects for ever': host(looping),
  'the host redirects to nowhere': host(nowhere),
  'every link is expired': host(expired()),
  'the signature is refused': host(signatureRefused()),
  'the dump is gone': host(noSuchKey()),
  'connections break': host(cutBeforeAnswer()),
  'connections break in mid-file': host(cutAt(1000)),
  'downloads stall': host(stallAt(10)),
  'a web page comes': host(htmlPage()),
  'the dump is damaged': host(flipBit(500)),
  'the store refuses': ({ s3 }) => void s3.denied.add('PutObject'),
  'the store breaks': ({ s3 }) => s3.fail({ on: 'PutObject', effect: 'reset', times: 100 }),
  'the store is no store': ({ s3 }) => s3.fail({ on: 'PutObject', effect: 'web-page', times: 100 }),
};

/** Everything that would open something, and every query of a link that was handed out. */
function secretsOf({ cloud, s3 }: Scenario): string[] {
  const targets = cloud.requests
    .filter(({ kind }) => kind === 'download')
    .map(({ received }) => received.target);
  const queries = targets.map((target) => target.slice(target.indexOf('?') + 1));
  const signatures = [
    ...cloud.requests.map(({ received }) => received.headers),
    ...s3.requests.map(({ headers }) => headers),
  ]
    .map((headers) => /Signature=([0-9a-f]{20,})/.exec(String(headers['authorization']))?.[1])
    .filter((signature) => signature !== undefined);
  const words = ['q-sign', 'q-signature', 'Authorization: '];
  return [
    ...new Set([
      cloud.credentials.secretKey,
      s3.credentials.secretAccessKey,
      ...queries,
      ...signatures,
      ...words,
    ]),
  ];
}

/** All that anybody could write down of a run: events as JSON, errors with everything that hangs on them, and objects. */
function tracesOf(run: Run, { s3, keys }: Scenario): string {
  const records = keys().filter((key) => key.endsWith('.json'));
  return [
    ...run.events.map((event) => JSON.stringify(event)),
    ...run.events.map((event) => inspect(event, { depth: 12, showHidden: true, maxStringLength: null })),
    ...records.map((key) => String(s3.bytesOf(key))),
  ].join('\n');
}

function logOf(run: Run, { clock }: Scenario): string {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), clock, level: 'debug', skipped: true });
  for (const event of run.events) log(event);
  return lines.join('');
}

describe.each<ScenarioOptions['api'] & string>(['tencent-v3', 'tencent-v2'])('with %s', (dialect) => {
  it.each(Object.keys(TROUBLES))('nothing secret leaves when %s', async (trouble) => {
    const scenario = await createScenario({ api: dialect, config: { stallTimeoutMs: 500 } });
    TROUBLES[trouble]?.(scenario);
    const run = await scenario.run();
    const traces = tracesOf(run, scenario) + logOf(run, scenario);
    const leaked = secretsOf(scenario).filter((secret) => traces.includes(secret));
    expect(leaked).toEqual([]);
  });
});

describe('a wrong key', () => {
  it('is not shown either', async () => {
    const secretKey = 'a-wrong-key-is-a-key-of-something';
    const scenario = await createScenario({
      source: {
        credentials: fixed({
          secretId: 'AKIDwrong',
          secretKey: new Secret(secretKey),
          token: new Secret('a-token'),
        }),
      },
    });
    const run = await scenario.run();
    expect(run.summary.exitCode).toBe(10);
    const traces = tracesOf(run, scenario) + logOf(run, scenario);
    for (const secret of [secretKey, 'a-token']) expect(traces).not.toContain(secret);
  });
});
