/** The receivers of notifications and the dead-man switch: their settings together with the secrets in their variables. */
import type { Current } from '../domain/current.ts';
import { Secret } from '../domain/secret.ts';
import type { Environment } from './environment.ts';
import { isMapping, type Path, type Raw } from './file.ts';
import { notifyShape } from './notify-settings.ts';
import type { Problem } from './problems.ts';
import type { FileSettings, ReceiverConfig, ReceiverSecrets } from './schema.ts';
import { present, type SecretFiles } from './secret-files.ts';
import { runShape } from './settings.ts';

/** The receiver that the environment alone sets up. */
export const ENVIRONMENT_RECEIVER = 'ARCHIVER_NOTIFY';

const HEARTBEAT = 'ARCHIVER_HEARTBEAT_URL';

/** The secrets of each receiver in turn; undefined where its address is missing, which is a problem then. */
export function receiverSecrets(
  raw: Raw,
  where: (path: Path) => string,
  files: SecretFiles,
  problems: Problem[],
): (Current<ReceiverSecrets> | undefined)[] {
  const names = new Set<string>();
  return written(raw).map((receiver, index) => {
    const prefix = notifyShape.credentialsEnv.safeParse(receiver['credentialsEnv']).data;
    if (prefix === undefined) return undefined;
    const name = notifyShape.name.safeParse(receiver['name']).data ?? prefix;
    if (names.has(name)) {
      const what = `another receiver is called ${name} already; give this one a \`name\` of its own`;
      problems.push({ where: where(['notify', index]), what });
    }
    names.add(name);
    return present(files.follow(secretsOf(prefix)));
  });
}

/** `ARCHIVER_HEARTBEAT_URL`; its `{shard}` becomes the index of this process's share. */
export const heartbeatOf =
  (raw: Raw) =>
  (environment: Environment, problems: Problem[]): Secret | undefined => {
    const address = environment.secret(HEARTBEAT);
    if (address === undefined) return undefined;
    const shard = runShape.shard.safeParse(raw['shard']).data;
    if (shard !== undefined && shard.count > 1 && !address.includes('{shard}')) {
      problems.push({
        where: HEARTBEAT,
        what: 'must hold {shard}, which becomes the index of the share: one address for all of them would not notice that one is missing',
      });
    }
    return addressOf(HEARTBEAT, address.replaceAll('{shard}', String(shard?.index ?? 0)), problems);
  };

export function receiverOf(
  settings: FileSettings['notify'][number],
  secrets: Current<ReceiverSecrets> | undefined,
): ReceiverConfig[] {
  const { name, credentialsEnv, interval, ...rest } = settings;
  if (secrets === undefined) return [];
  return [{ ...rest, secrets, name: name ?? credentialsEnv, intervalMs: interval }];
}

const secretsOf =
  (prefix: string) =>
  (environment: Environment, problems: Problem[]): ReceiverSecrets | undefined => {
    const address = environment.secret(`${prefix}_URL`);
    if (address === undefined) {
      if (!environment.has(`${prefix}_URL`)) {
        const what = `required: a receiver names it by \`credentialsEnv: ${prefix}\``;
        problems.push({ where: `${prefix}_URL`, what });
      }
      return undefined;
    }
    const url = addressOf(`${prefix}_URL`, address, problems);
    const secret = environment.secret(`${prefix}_SECRET`);
    const token = environment.secret(`${prefix}_TOKEN`);
    return {
      url,
      ...(secret !== undefined && { secret: new Secret(secret) }),
      ...(token !== undefined && { token: new Secret(token) }),
    };
  };

/** Never shows what it refuses. */
function addressOf(where: string, address: string, problems: Problem[]): Secret {
  if (!/^https?:$/.test(URL.parse(address)?.protocol ?? '')) {
    problems.push({ where, what: 'expected an http:// or https:// address' });
  }
  return new Secret(address);
}

function written(raw: Raw): Raw[] {
  const receivers: unknown = raw['notify'];
  return Array.isArray(receivers)
    ? receivers.map((receiver: unknown) => (isMapping(receiver) ? receiver : {}))
    : [];
}
