/** The real S3 servers that the program is held against, as data: how each is started, and where it departs from what S3 promises. */
import { join } from 'node:path';
import type { Traits } from '../contract/object-store.ts';
import { CEPH_TOOLS } from '../support/ceph.ts';
import { CREDENTIALS } from '../support/real-bucket.ts';

export type StoreName =
  | 'versitygw'
  | 'rclone'
  | 's3proxy'
  | 'juicefs'
  | 's3mock'
  | 'gofakes3'
  | 'moto'
  | 'ceph';

type StoreTraits = Pick<Traits, 'proof' | 'departures'>;

interface StoreFacts {
  /** As its maker calls it. */
  readonly title: string;
  readonly version: string;
  /** What must be in the path. */
  readonly tools: readonly string[];
  /** What it was seen to keep of what an object store promises; `refused` where it would lose archives. */
  readonly traits: StoreTraits | 'refused';
}

export interface Place {
  /** Empty at first, removed at the end. */
  readonly folder: string;
  readonly port: number;
}

interface Recipe extends StoreFacts {
  /** Words of the command; those of one that has to come before it. */
  readonly command: (place: Place) => readonly string[];
  readonly before?: (place: Place) => readonly string[];
  readonly env?: (place: Place) => Readonly<Record<string, string>>;
  /** Files that it reads, by their names in its folder. */
  readonly files?: (place: Place) => Readonly<Record<string, string>>;
  /** Folders that must be there, by their names in its folder. */
  readonly folders?: readonly string[];
}

const { accessKeyId: KEY, secretAccessKey: SECRET } = CREDENTIALS;

/** Its address and port. */
export const listen = ({ port }: Place) => `127.0.0.1:${port}`;

/** Each as its own documentation starts it for one machine, with the checks of signatures that it knows turned on. */
export const RECIPES: Readonly<Record<Exclude<StoreName, 'ceph'>, Recipe>> = {
  versitygw: {
    title: 'Versity S3 Gateway',
    version: '1.8.0',
    tools: ['versitygw'],
    traits: { proof: 'checksum' },
    folders: ['data', 'versions'],
    env: () => ({ ROOT_ACCESS_KEY: KEY, ROOT_SECRET_KEY: SECRET }),
    command: (place) => [
      ...['versitygw', '--quiet', '--port', listen(place), 'posix'],
      ...['--versioning-dir', join(place.folder, 'versions'), join(place.folder, 'data')],
    ],
  },
  rclone: {
    title: 'rclone serve s3',
    version: '1.75.2',
    tools: ['rclone-1.75'],
    traits: {
      proof: 'single-put',
      departures: {
        'undecided-races':
          'If-None-Match is ignored; after sixteen puts of one key at once the object was even gone, now and then.',
      },
    },
    folders: ['data'],
    env: () => ({ RCLONE_CONFIG: '/dev/null' }),
    command: (place) => [
      ...['rclone-1.75', 'serve', 's3', '--auth-key', `${KEY},${SECRET}`, '--addr', listen(place)],
      join(place.folder, 'data'),
    ],
  },
  s3proxy: {
    title: 'S3Proxy on a folder',
    version: '4.1.0',
    tools: ['s3proxy'],
    traits: {
      proof: 'checksum',
      departures: { 'utf16-order': 'Java sorts the names of the folder as its strings, by UTF-16.' },
    },
    folders: ['data'],
    files: (place) => ({
      's3proxy.conf': [
        `s3proxy.endpoint=http://${listen(place)}`,
        's3proxy.authorization=aws-v2-or-v4',
        `s3proxy.identity=${KEY}`,
        `s3proxy.credential=${SECRET}`,
        'jclouds.provider=filesystem-nio2',
        `jclouds.filesystem.basedir=${join(place.folder, 'data')}`,
        '',
      ].join('\n'),
    }),
    command: ({ folder }) => ['s3proxy', '--properties', join(folder, 's3proxy.conf')],
  },
  juicefs: {
    title: 'JuiceFS gateway',
    version: '1.4.2',
    tools: ['juicefs'],
    traits: {
      proof: 'none',
      departures: {
        'no-etags': 'Without `--keep-etag` the answers to GET and HEAD bear none.',
        'undecided-races': 'If-None-Match is ignored.',
      },
    },
    env: ({ folder }) => ({ MINIO_ROOT_USER: KEY, MINIO_ROOT_PASSWORD: SECRET, HOME: folder }),
    before: ({ folder }) => [
      ...['juicefs', 'format', '--storage', 'file', '--bucket', join(folder, 'data')],
      ...[`sqlite3://${join(folder, 'meta.db')}`, 'lab'],
    ],
    command: (place) => [
      ...['juicefs', 'gateway', '--multi-buckets', '--no-banner', '--no-usage-report'],
      ...['--cache-dir', join(place.folder, 'cache'), '--log', join(place.folder, 'gateway.log')],
      ...[`sqlite3://${join(place.folder, 'meta.db')}`, listen(place)],
    ],
  },
  s3mock: {
    title: 'Adobe S3Mock',
    version: '5.2.0',
    tools: ['s3mock'],
    // Giving up an upload deletes the finished object of its key.
    traits: 'refused',
    folders: ['data'],
    command: ({ folder, port }) => [
      ...['s3mock', `--http.port=${port}`, '--server.port=0'],
      `--com.adobe.testing.s3mock.store.root=${join(folder, 'data')}`,
    ],
  },
  gofakes3: {
    title: 'gofakes3',
    version: '1.2.0',
    tools: ['gofakes3'],
    traits: { proof: 'single-put' },
    command: (place) => ['gofakes3', '-backend', 'memory', '-quiet', '-host', listen(place)],
  },
  moto: {
    title: 'moto server',
    version: '5.2.5',
    tools: ['moto-server'],
    traits: {
      proof: 'checksum',
      departures: {
        'dates-uploads-wrong': 'ListMultipartUploads says of each that it began in November 2010.',
      },
    },
    command: ({ port }) => ['moto-server', '--host', '127.0.0.1', '--port', String(port)],
  },
};

/** In the order in which they are told of. */
export const REAL_STORES: Readonly<Record<StoreName, StoreFacts>> = {
  ceph: {
    title: "Ceph's RADOS Gateway",
    version: '16.2.15',
    tools: CEPH_TOOLS,
    traits: { proof: 'checksum' },
  },
  ...RECIPES,
};
