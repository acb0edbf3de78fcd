/** The real S3 servers that the program is held against, as data: how each is started, and where it departs from what S3 promises. */
import { join } from 'node:path';
import type { Traits } from '../contract/object-store.ts';
import { CEPH_20_TOOLS, CEPH_TOOLS } from '../support/ceph.ts';
import { CREDENTIALS, GUEST } from '../support/real-bucket.ts';

export type StoreName =
  | 'versitygw'
  | 'rclone'
  | 's3proxy'
  | 'juicefs'
  | 's3mock'
  | 'gofakes3'
  | 'moto'
  | 'seaweedfs'
  | 'ceph'
  | 'ceph-20';

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
  /** For what it says to itself. */
  readonly more: readonly number[];
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

/** As versitygw keeps its users. */
const guest = { access: GUEST.accessKeyId, secret: GUEST.secretAccessKey, role: 'user' };

/** Its address and port. */
export const listen = ({ port }: Place) => `127.0.0.1:${port}`;

/** Each as its own documentation starts it for one machine, with the checks of signatures that it knows turned on. */
export const RECIPES: Readonly<Record<Exclude<StoreName, 'ceph' | 'ceph-20'>, Recipe>> = {
  versitygw: {
    title: 'Versity S3 Gateway',
    version: '1.8.0',
    tools: ['versitygw'],
    traits: { proof: 'checksum' },
    folders: ['data', 'versions', 'iam'],
    files: () => ({
      [join('iam', 'users.json')]: JSON.stringify({ accessAccounts: { [GUEST.accessKeyId]: guest } }),
    }),
    env: () => ({ ROOT_ACCESS_KEY: KEY, ROOT_SECRET_KEY: SECRET }),
    command: (place) => [
      ...['versitygw', '--quiet', '--port', listen(place), '--iam-dir', join(place.folder, 'iam'), 'posix'],
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
  seaweedfs: {
    title: 'SeaweedFS',
    version: '4.48',
    tools: ['weed'],
    traits: {
      proof: 'checksum',
      departures: { 'folder-order': 'It lists as its filer walks: `b/2` before `b-`.' },
    },
    folders: ['data'],
    files: () => ({
      's3.json': JSON.stringify({
        identities: [
          { name: 'lab', credentials: [{ accessKey: KEY, secretKey: SECRET }], actions: ['Admin'] },
        ],
      }),
    }),
    command: ({ folder, port, more: [master, volume, filer, ...grpc] }) => [
      ...['weed', 'server', '-ip=127.0.0.1', '-ip.bind=127.0.0.1', `-dir=${join(folder, 'data')}`],
      // Each bucket takes seven volumes.
      ...[
        '-master.volumeSizeLimitMB=64',
        '-volume.max=2000',
        `-master.port=${master}`,
        `-volume.port=${volume}`,
      ],
      ...[
        '-filer',
        `-filer.port=${filer}`,
        '-s3',
        `-s3.port=${port}`,
        `-s3.config=${join(folder, 's3.json')}`,
      ],
      ...['-s3.port.iceberg=0', '-s3.port.lance=0'],
      ...['master', 'volume', 'filer', 's3'].map((part, index) => `-${part}.port.grpc=${grpc[index]}`),
    ],
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
  'ceph-20': {
    title: "Ceph's RADOS Gateway",
    version: '20.2.4',
    tools: CEPH_20_TOOLS,
    traits: { proof: 'checksum' },
  },
  ...RECIPES,
};
