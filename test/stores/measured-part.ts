/** The part of docs/providers.md that was measured: store x behaviour, with versions and date. */
import type { Facts, Measured } from './measured.ts';
import { SETTINGS, type SettingSeen } from './settings.ts';

/** Words for a cell; a store's facts by boto3, and what `check` made of them. */
const ROWS: readonly (readonly [behaviour: string, cell: (store: Measured) => Facts[string] | undefined])[] =
  [
    ['`Server` header', ({ boto3 }) => (boto3['server'] === '' ? 'none' : `\`${boto3['server']}\``)],
    ['takes a wrong key', ({ boto3 }) => yes(boto3['access.wrongKey'] !== 'nothing')],
    ['CRC-32 of a body, of a part checked on arrival', pair('checks-on-arrival.x-amz-checksum-crc32')],
    ['Content-MD5 of a body, of a part checked on arrival', pair('checks-on-arrival.Content-MD5')],
    [
      'signed SHA-256 of a body checked',
      ({ boto3 }) => yes(boto3['checks-on-arrival.x-amz-content-sha256'] === 'verified'),
    ],
    ['answers a CRC-32 of its own', ({ boto3 }) => yes(boto3['proof.checksums'] !== 'none')],
    ['ETags that are MD5s', ({ boto3 }) => boto3['proof.md5Etags']],
    [
      '**archives are proved by** (`auto`)',
      ({ check, proof }) => (check['aborted-uploads.verdict'] === 'failed' ? 'refused' : proof),
    ],
    ['put-if-absent: PutObject', ({ boto3 }) => boto3['put-if-absent.If-None-Match']],
    ['most winners of sixteen puts if absent at once', ({ boto3 }) => boto3['race']],
    [
      'put-if-absent: CompleteMultipartUpload',
      ({ boto3 }) => boto3['put-if-absent-on-complete.If-None-Match'],
    ],
    [
      'a finished object outlives the abort of another upload',
      ({ boto3 }) => yes(boto3['aborted-uploads.sparesObject'] === true),
    ],
    [
      'keys are listed in the order of',
      ({ boto3 }) => ({ bytes: 'bytes', folders: '**folders**' })[String(boto3['listing.order'])] ?? 'none',
    ],
    ['parts of 64 KiB', ({ boto3 }) => boto3['multipart.smallParts']],
    ['when an upload began is listed as', ({ boto3 }) => boto3['uploads-dated']],
    ['object lock: of a put, in parts, and is it enforced', lock],
    ['profiles that `check` advises', ({ advised }) => (advised === '' ? 'none besides `auto`' : advised)],
  ];

export function measuredTable(stores: readonly Measured[]): string {
  return table(
    stores,
    ROWS.map(([behaviour, cell]) => [behaviour, ...stores.map(cell)]),
  );
}

/** What a bucket can be set to, of the stores that know more than one of it. */
export function settingsTable(all: readonly Measured[]): string {
  const stores = all.filter(({ settings }) => settings !== undefined);
  return table(
    stores,
    Object.entries(SETTINGS).map(([name, { title }]) => [
      title,
      ...stores.map(({ settings }) => settingCell(settings?.[name])),
    ]),
  );
}

function settingCell(seen: SettingSeen | undefined): string {
  if (seen === undefined) return 'not tried';
  if (seen.taken !== 'yes') return `not to be had (${seen.taken})`;
  if (!seen.felt) return 'taken, and without effect';
  const effect = seen.troubles?.some((trouble) => trouble.endsWith(': failed')) ? 'shuts out' : 'in force';
  return `${effect}, and ${seen.told ? 'told' : '**not told**'}`;
}

function table(stores: readonly Measured[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['', ...stores.map(({ title, version }) => `${title} ${version}`)]),
    line(['---', ...stores.map(() => '---')]),
    ...rows.map(line),
  ].join('\n');
}

/** Markdown, from a heading on. */
export function measuredPart({
  date,
  stores,
}: {
  readonly date: string;
  readonly stores: readonly Measured[];
}): string {
  return [
    '## Measured',
    '',
    `What real servers did on ${date}, each as its own documentation starts it, by boto3 and by \`check\`, which agree in each claim that both make`,
    "(`npm run stores`). What the profiles say of stores that are not here comes from their makers' documentation alone.",
    '',
    measuredTable(stores),
    '',
    'What a bucket can be set to, tried on two stores that know more of it than the others, each in a bucket of its own; and whether `check` tells of it,',
    "which it does by what is refused and by what the store answers, for the key that archives with may seldom read a bucket's settings.",
    '',
    settingsTable(stores),
    '',
    'Ceph takes AES256 for the default encryption of a bucket whether it has a key service for that or not; without one, as here, it refuses every put.',
    'Its condition `aws:SecureTransport` is there only where a request came by TLS: a policy that denies what has it `false` denies nothing.',
    '',
    'Garage is not among them: no package has it built, and to compile 2.5.0 took more than ten minutes on two cores that were not idle.',
    '',
  ].join('\n');
}

function yes(is: boolean): string {
  return is ? 'yes' : 'no';
}

function pair(claim: string) {
  return ({ boto3 }: Measured) =>
    `${yes(boto3[claim] === 'verified')}, ${yes(boto3[`${claim} of a part`] === 'verified')}`;
}

function lock({ lock: seen }: Measured): string {
  if (seen['bucket'] === 'none') return 'none';
  return [seen['put'], seen['parts'], seen['held']].filter((word) => word !== undefined).join(', ');
}
