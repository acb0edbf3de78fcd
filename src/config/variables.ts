/** The environment variables that are no setting of the file: credentials, what the platform sets, what other programs share. */

import { awsSettings } from './aws-variables.ts';

interface OtherVariable {
  readonly name: string;
  readonly meaning: string;
  readonly default?: string;
  /** `NAME_FILE` may name a file that holds the value. */
  readonly fromFile?: true;
}

export const otherVariables: readonly OtherVariable[] = [
  {
    name: 'ARCHIVER_CONFIG',
    meaning: 'The configuration file.',
    default: 'config/archiver.yaml, if it is there',
  },
  {
    name: 'TENCENTCLOUD_SECRET_ID',
    meaning:
      'Key id of the cloud account. Without keys: TKE OIDC, the profile file, the CVM role, in that order.',
    fromFile: true,
  },
  { name: 'TENCENTCLOUD_SECRET_KEY', meaning: 'Secret key of the cloud account.', fromFile: true },
  {
    name: 'TENCENTCLOUD_SESSION_TOKEN',
    meaning: 'Session token, with temporary keys only; `TENCENTCLOUD_TOKEN` is the same.',
    fromFile: true,
  },
  {
    name: 'AWS_ACCESS_KEY_ID',
    meaning:
      "Key id for the destination. Without keys: the AWS SDK's default chain (profile, web identity, instance role).",
    fromFile: true,
  },
  { name: 'AWS_SECRET_ACCESS_KEY', meaning: 'Secret key for the destination.', fromFile: true },
  { name: 'AWS_SESSION_TOKEN', meaning: 'Session token, with temporary keys only.', fromFile: true },
  ...awsSettings,
  {
    name: 'ARCHIVER_AGE_IDENTITY',
    meaning:
      'Opens encrypted archives, for `verify`, `inspect`, `restore` and `drill`; `run` needs none. `AGE-SECRET-KEY-1…`, one a line; its `_FILE` may be what `age-keygen` wrote.',
    fromFile: true,
  },
  {
    name: 'ARCHIVER_SHARD_COUNT',
    meaning: 'In an Indexed Job: the number of shares; the index then comes from `JOB_COMPLETION_INDEX`.',
  },
  {
    name: 'ARCHIVER_NOTIFY_URL',
    meaning: 'Address of a receiver of notifications (a webhook). A secret, as the next three.',
    fromFile: true,
  },
  {
    name: 'ARCHIVER_NOTIFY_SECRET',
    meaning: 'Signs the messages, where the receiver (`feishu`, `dingtalk`) was told to want that.',
    fromFile: true,
  },
  { name: 'ARCHIVER_NOTIFY_TOKEN', meaning: 'Sent to the receiver as a bearer token.', fromFile: true },
  {
    name: 'ARCHIVER_HEARTBEAT_URL',
    meaning:
      'A dead-man switch in the convention of healthchecks.io: `URL/start`, then `URL` after a run that did all it should, else `URL/fail`. `{shard}` in it becomes the index of the share.',
    fromFile: true,
  },
  {
    name: 'ARCHIVER_SIGNING_KEY',
    meaning: 'Signs each manifest: a private Ed25519 key in PEM (`docs/security.md`).',
    fromFile: true,
  },
  {
    name: 'ARCHIVER_SIGNING_PUBLIC_KEY',
    meaning:
      "What signatures are checked by: one or several public Ed25519 keys in PEM. The private key's own is always among them.",
    fromFile: true,
  },
  {
    name: 'ARCHIVER_SIGNING_SINCE',
    meaning: 'When signing began, in UTC: archives of backups that were started earlier need no signature.',
    default: 'all need one, where there is a key to check by',
  },
  { name: 'HTTPS_PROXY', meaning: "Proxy of every client; never used for the cloud's metadata service." },
  { name: 'NO_PROXY', meaning: 'Hosts that are reached without the proxy, separated by commas.' },
  {
    name: 'NODE_EXTRA_CA_CERTS',
    meaning: 'A file of further certificate authorities to trust (PEM); `.env` may name it too.',
  },
];

export const knownOtherNames: readonly string[] = otherVariables.flatMap(({ name, fromFile }) =>
  fromFile ? [name, `${name}_FILE`] : [name],
);

/** What the adapters are handed on as it is. */
const PASSED_ON = /^(https?_proxy|all_proxy|no_proxy|node_extra_ca_certs|home|userprofile|tke_[a-z_]+)$/i;

/** The few variables that adapters read besides the settings; empty ones are unset. */
export function passedOn(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (PASSED_ON.test(name) && value !== undefined && value !== '') chosen[name] = value;
  }
  return chosen;
}

/** Kubernetes sets these for a Service whose name begins with `archiver`; they are nobody's mistake. */
const SERVICE_LINK = /(_SERVICE_HOST|_PORT|_PORT_.+)$/;

/** Whether a variable only looks like ours. */
export function isServiceLink(name: string): boolean {
  return SERVICE_LINK.test(name);
}
