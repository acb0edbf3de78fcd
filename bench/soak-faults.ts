/** For `bench/soak.ts`: everything that can go wrong, to be struck at places that dice choose. */
import { call, download, type Fault, type Where } from '../test/support/cloud.ts';
import * as api from '../test/support/cloud-api-faults.ts';
import * as bytes from '../test/support/cloud-download-faults.ts';
import { endlessAnswer, endlessDump, endlessPages } from '../test/support/endless.ts';
import { type Stage, type Strike, type Struck, times } from './soak-stage.ts';
import { STORE } from './soak-store-faults.ts';

const ACTIONS = [
  'DescribeInstances',
  'DescribeInstanceBackups',
  'DescribeBackupUrl',
  'DescribeRedis',
  'GetRedisBackupList',
  'GetBackupDownloadUrl',
];
const LISTS = ['DescribeInstances', 'DescribeInstanceBackups', 'DescribeRedis', 'GetRedisBackupList'];
const LISTS_OF_V3 = ['DescribeInstances', 'DescribeInstanceBackups'];
const LINKS = ['DescribeBackupUrl', 'GetBackupDownloadUrl'];

function inCloud({ cloud }: Stage, where: Where, fault: Fault, options: object): Omit<Struck, 'name'> {
  const active = cloud.fault(where, fault, options);
  return { strikes: () => active.strikes, remove: active.remove };
}

function inApi(make: () => Fault, actions: readonly string[] = ACTIONS): Strike {
  return (stage) => {
    const after = stage.dice.between(0, 1);
    return inCloud(stage, call(stage.dice.oneOf(actions)), make(), { times: times(stage), after });
  };
}

/** A fault of a download at a byte of some file. */
function inFile(make: (position: number, size: number, stage: Stage) => Fault): Strike {
  return (stage) => {
    const backup = stage.dice.oneOf(stage.backups);
    const { name, dump } = stage.dice.oneOf(backup.files);
    const position = stage.dice.oneOf([0, 1, Math.floor(dump.size * stage.dice.next()), dump.size - 1]);
    const where = download({ instanceId: backup.instanceId, backupId: backup.id, file: name });
    return inCloud(stage, where, make(position, dump.size, stage), { times: times(stage) });
  };
}

/** Each instance's own first page: API 2.0 does not say whose backups a page holds, so nobody could tell another's. */
function firstPageAgain(): Fault {
  const again = new Map<string, Fault>();
  return (exchange, answer) => {
    const { instanceId = '' } = exchange;
    const fault = again.get(instanceId) ?? api.firstPageAgain();
    again.set(instanceId, fault);
    return fault(exchange, answer);
  };
}

/** The answer comes, so many milliseconds later. */
function late(milliseconds: number): Fault {
  return async (exchange, answer) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return answer(exchange);
  };
}

/** From `position` on a few bytes at a time, twenty times a second, until the client gives up. */
function trickle(position: number, atOnce: number): Fault {
  return async (exchange, answer) => {
    const reply = await answer(exchange);
    return { ...reply, body: trickled(reply.body, { position, atOnce }, exchange.signal) };
  };
}

async function* trickled(
  body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { position, atOnce }: { readonly position: number; readonly atOnce: number },
  gone: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of body) {
    const fast = Math.max(0, Math.min(chunk.length, position - at));
    if (fast > 0) yield chunk.subarray(0, fast);
    for (let index = fast; index < chunk.length && !gone.aborted; index += atOnce) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      yield chunk.subarray(index, index + atOnce);
    }
    if (gone.aborted) return;
    at += chunk.length;
  }
}

/** The cloud deletes the backup while it is on its way. */
function deletedMeanwhile(): Strike {
  return (stage) => {
    const backup = stage.dice.oneOf(stage.backups);
    const where = download({ instanceId: backup.instanceId, backupId: backup.id });
    const fault = api.before(() => stage.lose(backup));
    return inCloud(stage, where, fault, { times: 1, after: stage.dice.between(0, backup.files.length) });
  };
}

/** All links of an answer. */
function linksAway(): Fault {
  return api.changeJson((answer) => {
    for (const info of (answer['BackupInfos'] ?? []) as Record<string, string>[])
      for (const name of ['DownloadUrl', 'InnerDownloadUrl']) info[name] = METADATA;
  });
}

const METADATA = 'http://169.254.169.254/latest/meta-data/';

function skewed(milliseconds: number): Strike {
  return ({ cloud }) => {
    cloud.skew(milliseconds);
    return { strikes: () => 1, remove: () => cloud.skew(0) };
  };
}

const API: Readonly<Record<string, Strike>> = {
  throttled: inApi(api.throttled),
  'internal error': inApi(api.internalError),
  'permission denied': inApi(api.denied),
  'not JSON': inApi(api.notJson),
  'a gateway’s 502': inApi(() => api.notJson(502)),
  'an empty answer': inApi(api.emptyAnswer),
  'cut before the answer': inApi(bytes.cutBeforeAnswer),
  'a late answer': inApi(() => late(700)),
  'the first page again': inApi(firstPageAgain, LISTS),
  'a page lost': inApi(api.pageLost, LISTS),
  'small pages': inApi(() => api.smallPages(2), LISTS),
  'backup not ready': inApi(api.backupNotReady, LINKS),
  'backup gone': inApi(api.backupGone, LINKS),
  'an answer without an end': inApi(() => endlessAnswer('{"Response":{"x":"')),
  'pages without an end': inApi(() => endlessPages(1e9), LISTS_OF_V3),
  'links that lead to a metadata service': inApi(linksAway, ['DescribeBackupUrl']),
  'clock an hour slow': skewed(3_600_000),
  'clock an hour fast': skewed(-3_600_000),
};

const DOWNLOAD: Readonly<Record<string, Strike>> = {
  'cut before the answer': inFile(bytes.cutBeforeAnswer),
  'cut in the body': inFile(bytes.cutAt),
  'cut again and again': inFile((_at, size) => bytes.cutAfter(Math.ceil(size / 3))),
  'clean early end': inFile(bytes.endEarlyAt),
  'clean early end without a length': inFile(bytes.endChunksEarlyAt),
  'no length': inFile(bytes.chunked),
  stall: inFile(bytes.stallAt),
  // Below the floor of 16 KiB a second, and above it.
  trickle: inFile((at) => trickle(at, 100)),
  'trickle above the floor': inFile((at) => trickle(at, 4096)),
  'a dump without an end': inFile(endlessDump),
  'a refusal without an end': inFile(() => endlessAnswer('<Error><Code>', 403)),
  'redirect elsewhere': inFile(() => endlessAnswer('moved', 302, { location: 'http://127.0.0.1:1/' })),
  'redirect to a metadata service': inFile(() => endlessAnswer('', 302, { location: METADATA })),
  'link expires in mid-transfer': inFile(bytes.expireLinkAt),
  'expired link': inFile(bytes.expired),
  'restricted network': inFile(bytes.restrictedNetwork),
  'signature refused': inFile(bytes.signatureRefused),
  'no such key': inFile(bytes.noSuchKey),
  'range refused': inFile(bytes.rangeRefused),
  '429': inFile(() => bytes.comeBackLater(429)),
  '429 with Retry-After': inFile(() => bytes.comeBackLater(429, 7)),
  '503': inFile(() => bytes.comeBackLater(503)),
  '503 with Retry-After': inFile(() => bytes.comeBackLater(503, 7)),
  '500': inFile(bytes.hostError),
  'a web page': inFile(bytes.htmlPage),
  'an empty file': inFile(bytes.emptyFile),
  'a file cut short': inFile(() => bytes.cutFile()),
  'a length too large': inFile(() => bytes.announceMore()),
  gzip: inFile(bytes.gzipBody),
  'one bit flipped': inFile(bytes.flipBit),
  'redirect to the same host': inFile((_at, _size, { cloud }) => bytes.redirectTo(new URL(cloud.url).host)),
  'cut, and Range ignored': both(bytes.cutAt, () => bytes.ignoreRange()),
  'cut, and another ETag': both(bytes.cutAt, () => bytes.changeEtag()),
  'cut, and a weak ETag': both(bytes.cutAt, () => bytes.weakEtag()),
  'cut, and no ETag': both(bytes.cutAt, () => bytes.noEtag()),
  'cut, and another start': both(bytes.cutAt, () => bytes.wrongRangeStart()),
  'cut, and another total': both(bytes.cutAt, () => bytes.wrongRangeTotal()),
  'deleted meanwhile': deletedMeanwhile(),
};

/** The first fault on the first answer, the second on every one. */
function both(first: (position: number) => Fault, second: () => Fault): Strike {
  return inFile((position, _size) => {
    const cut = first(position);
    const other = second();
    let asked = 0;
    return (exchange, answer) => {
      asked += 1;
      return asked === 1 ? cut(exchange, (inner) => other(inner, answer)) : other(exchange, answer);
    };
  });
}

const SIDES = { api: API, download: DOWNLOAD, store: STORE } as const;

/** What does not end takes the most memory: each of these strikes before anything is measured. */
export function strikeWithoutEnd(stage: Stage): Struck[] {
  return Object.entries(SIDES).flatMap(([side, faults]) =>
    Object.entries(faults)
      .filter(([name]) => name.includes('without an end'))
      .map(([name, set]) => ({ name: `${side}: ${name}`, ...set(stage) })),
  );
}

/** Chooses faults and sets them; they stand until they are removed. */
export function strike(stage: Stage, count: number): Struck[] {
  const { dice } = stage;
  return Array.from({ length: count }, () => {
    const side = dice.oneOf(['api', 'download', 'download', 'download', 'store', 'store', 'store'] as const);
    const [name, set] = dice.oneOf(Object.entries(SIDES[side]));
    return { name: `${side}: ${name}`, ...set(stage) };
  });
}
