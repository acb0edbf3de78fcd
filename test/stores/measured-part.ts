/** The part of docs/providers.md that was measured: store x behaviour, with versions and date. */
import type { Facts, Measured } from './measured.ts';

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
    ['parts of 64 KiB', ({ boto3 }) => boto3['multipart.smallParts']],
    ['when an upload began is listed as', ({ boto3 }) => boto3['uploads-dated']],
    ['object lock: of a put, in parts, and is it enforced', lock],
    ['profiles that `check` advises', ({ advised }) => (advised === '' ? 'none besides `auto`' : advised)],
  ];

export function measuredTable(stores: readonly Measured[]): string {
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['', ...stores.map(({ title, version }) => `${title} ${version}`)]),
    line(['---', ...stores.map(() => '---')]),
    ...ROWS.map(([behaviour, cell]) => line([behaviour, ...stores.map(cell)])),
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
