/** Who takes part: this product and what people use in its place, each as the shell command that they would type. */
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { rcloneEnvironment, type Servers } from './servers.ts';

/** `verify` and `restore` read what a `run` of ours has archived. */
export type Verb = 'run' | 'verify' | 'restore';

export interface Task {
  readonly servers: Servers;
  readonly scheme: 'http' | 'https';
  readonly destination: 'ceph' | 'sink';
  /** Addresses of the dumps. */
  readonly urls: readonly string[];
  /** Another one for each run; for who reads, the one that all read from. */
  readonly prefix: string;
  /** For who reads: the dumps' keys, and an empty folder. */
  readonly keys: readonly string[];
  readonly folder: string;
  /** Points the product at the cloud's API. */
  readonly api: Readonly<Record<string, string>>;
}

export interface Contestant {
  readonly name: string;
  /** A program that must be there. */
  readonly needs?: string;
  command(task: Task): { readonly script: string; readonly env: Record<string, string> };
}

const INSTANCE = 'crs-bench0000';

/** Bytes, the same for everybody. */
const PART_SIZE = 8 * 1024 * 1024;

/** As in the container image, which also has the compiled code: here the first round leaves it for the others. */
const FLAGS = ['--max-semi-space-size=2'];
const AT_ONCE = 4;

/** This product, in the way of its image. */
const ours = (words: (task: Task) => readonly string[]): Contestant => ({
  name: 'rdb-archiver',
  command: (task) => ({
    script: [
      process.execPath,
      ...FLAGS,
      join(import.meta.dirname, '../../dist/main.js'),
      ...words(task),
    ].join(' '),
    env: {
      ...ownEnvironment(task),
      ...task.api,
      ARCHIVER_DESTINATION: `s3://${task.servers.bucket[task.destination]}/${task.prefix}`,
      ARCHIVER_S3_REGION: 'us-east-1',
      ARCHIVER_S3_FORCE_PATH_STYLE: 'true',
      ARCHIVER_S3_PROFILE: profileOf(task),
      NODE_COMPILE_CACHE: join(dirname(task.servers.ca), 'compiled'),
      ARCHIVER_BUFFER_MEMORY: '32MiB',
      ARCHIVER_PART_SIZE: String(PART_SIZE),
      ARCHIVER_CONCURRENCY: String(AT_ONCE),
      ARCHIVER_LOG_SKIPPED: 'false',
    },
  }),
});

const rclone = (name: string, script: (task: Task) => string): Contestant => ({
  name,
  needs: 'rclone',
  command: (task) => ({
    script: script(task),
    env: rcloneEnvironment(task.servers.endpoint(task.scheme, task.destination), task.servers.credentials),
  }),
});

const aws = (name: string, script: (task: Task, command: string) => string): Contestant => ({
  name,
  needs: 'aws',
  command: (task) => ({
    script: script(
      task,
      `aws --ca-bundle ${task.servers.ca} --endpoint-url ${task.servers.endpoint(task.scheme, task.destination)} s3 cp --only-show-errors`,
    ),
    // Its newer versions send a checksum in a trailer, which Ceph 16 refuses.
    env: { ...ownEnvironment(task), AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required' },
  }),
});

const RUNNERS: readonly Contestant[] = [
  ours(() => ['run', '--log-format', 'json']),
  rclone('rclone copyurl', (task) =>
    inParallel(
      task,
      (url, key) =>
        `rclone copyurl --s3-chunk-size ${PART_SIZE}B --s3-upload-concurrency 4 --ca-cert ${task.servers.ca} '${url}' bench:${bucket(task)}/${key}`,
    ),
  ),
  aws('curl | aws s3 cp -', (task, command) =>
    inParallel(
      task,
      (url, key) =>
        `curl -sS --fail --cacert ${task.servers.ca} '${url}' | ${command} - s3://${bucket(task)}/${key}`,
    ),
  ),
  {
    name: 'plain Node script',
    command: (task) => ({
      script: inParallel(
        task,
        (url, key) =>
          `${process.execPath} ${join(import.meta.dirname, 'plain-script.ts')} '${url}' ${bucket(task)} ${key}`,
      ),
      env: { ...ownEnvironment(task), PART_SIZE: String(PART_SIZE) },
    }),
  },
];

export const CONTESTANTS: Readonly<Record<Verb, readonly Contestant[]>> = {
  run: RUNNERS,
  // As rclone, which takes a SHA-256 of each file and compares it with nothing.
  verify: [
    ours(() => ['verify']),
    rclone('rclone hashsum', (task) =>
      [
        `rclone hashsum sha256 --download --transfers ${AT_ONCE} --ca-cert ${task.servers.ca}`,
        `bench:${bucket(task)}/${task.prefix}/data`,
      ].join(' '),
    ),
    aws('aws s3 cp - | sha256sum', (task, command) =>
      task.keys.map((key) => `${command} s3://${bucket(task)}/${key} - | sha256sum`).join('\n'),
    ),
  ],
  // Neither of the others proves that what came is what was archived.
  restore: [
    ours((task) => ['restore', INSTANCE, '--to', task.folder]),
    rclone('rclone copy', (task) =>
      task.keys
        .map((key) => `rclone copy --ca-cert ${task.servers.ca} bench:${bucket(task)}/${key} ${task.folder}`)
        .join('\n'),
    ),
    aws('aws s3 cp', (task, command) =>
      task.keys.map((key) => `${command} s3://${bucket(task)}/${key} ${task.folder}`).join('\n'),
    ),
  ],
};

/** What a program says of its version, in a word: `v1.75.2`, `aws-cli/1.45.11`. */
export function versionOf(program: string): string {
  const said = execFileSync('bash', ['-c', `${program} ${program === 'rclone' ? 'version' : '--version'}`]);
  return (
    said
      .toString()
      .split(/\s+/)
      .slice(0, 2)
      .join(' ')
      .replace(/^rclone /, '')
      .split(' ')[0] ?? ''
  );
}

export function isInstalled({ needs }: Contestant): boolean {
  if (needs === undefined) return true;
  try {
    execFileSync('bash', ['-c', `command -v ${needs}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The sink is a gateway in the cluster over HTTP, and S3 itself, with its CRC-32, over HTTPS. */
function profileOf({ destination, scheme }: Task): string {
  return destination === 'sink' && scheme === 'https' ? 'aws' : 'ceph';
}

function bucket({ servers, destination }: Task): string {
  return servers.bucket[destination];
}

function ownEnvironment({ servers, scheme, destination }: Task): Record<string, string> {
  return {
    ARCHIVER_S3_ENDPOINT: servers.endpoint(scheme, destination),
    AWS_ACCESS_KEY_ID: servers.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: servers.credentials.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    NODE_EXTRA_CA_CERTS: servers.ca,
  };
}

/** One command for each dump, so many at once as the product moves. */
function inParallel({ urls, prefix }: Task, command: (url: string, key: string) => string): string {
  const commands = urls.map((url, index) => command(url, `${prefix}/dump-${index}.rdb`));
  if (commands.length === 1) return commands[0] ?? '';
  const list = commands.map((one) => `${one.replaceAll("'", '"')}`).join('\n');
  return `xargs -P ${AT_ONCE} -d '\\n' -n 1 bash -o pipefail -c <<'COMMANDS'\n${list}\nCOMMANDS\n`;
}
