/** Who takes part: this product and what people use in its place, each as the shell command that they would type. */
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { rcloneEnvironment, type Servers } from './servers.ts';

export interface Task {
  readonly servers: Servers;
  readonly scheme: 'http' | 'https';
  readonly destination: 'ceph' | 'sink';
  /** Addresses of the dumps. */
  readonly urls: readonly string[];
  /** Another one for each run. */
  readonly prefix: string;
  /** Points the product at the cloud's API. */
  readonly api: Readonly<Record<string, string>>;
}

export interface Contestant {
  readonly name: string;
  /** A program that must be there. */
  readonly needs?: string;
  command(task: Task): { readonly script: string; readonly env: Record<string, string> };
}

/** Bytes, the same for everybody. */
const PART_SIZE = 8 * 1024 * 1024;

/** As in the container image, which also has the compiled code: here the first round leaves it for the others. */
const FLAGS = ['--max-semi-space-size=2'];
const AT_ONCE = 4;

export const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'rdb-archiver',
    command: (task) => ({
      script: [
        process.execPath,
        ...FLAGS,
        join(import.meta.dirname, '../../dist/main.js'),
        'run',
        '--log-format',
        'json',
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
  },
  {
    name: 'rclone copyurl',
    needs: 'rclone',
    command: (task) => ({
      script: inParallel(
        task,
        (url, key) =>
          `rclone copyurl --s3-chunk-size ${PART_SIZE}B --s3-upload-concurrency 4 --ca-cert ${task.servers.ca} '${url}' bench:${bucket(task)}/${key}`,
      ),
      env: rcloneEnvironment(task.servers.endpoint(task.scheme, task.destination), task.servers.credentials),
    }),
  },
  {
    name: 'curl | aws s3 cp -',
    needs: 'aws',
    command: (task) => ({
      script: inParallel(
        task,
        (url, key) =>
          `curl -sS --fail --cacert ${task.servers.ca} '${url}' | aws --ca-bundle ${task.servers.ca} --endpoint-url ${task.servers.endpoint(task.scheme, task.destination)} s3 cp --only-show-errors - s3://${bucket(task)}/${key}`,
      ),
      // Its newer versions send a checksum in a trailer, which Ceph 16 refuses.
      env: { ...ownEnvironment(task), AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required' },
    }),
  },
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
