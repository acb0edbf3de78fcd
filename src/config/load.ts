/** Flags over environment over file over defaults, parsed once; every problem reported together. */
import type { z } from 'zod';
import { type Current, fixed } from '../domain/current.ts';
import { ageIdentities } from './age-keys.ts';
import { checkTogether, problemsOf, writtenSources } from './checks.ts';
import { cloudCredentials, destinationCredentials } from './credentials.ts';
import { drillShape } from './drill-settings.ts';
import {
  type Environment,
  lendToAwsSdk,
  readEnvironment,
  refuseUnknown,
  type Variables,
} from './environment.ts';
import { checkExtraCertificates } from './extra-certificates.ts';
import { settingFacts } from './fields.ts';
import { isMapping, type Raw, readConfigFile } from './file.ts';
import { memoryAtHand } from './memory.ts';
import { notifyShape } from './notify-settings.ts';
import { type Flags, layer } from './overlay.ts';
import { configurationError, type Problem } from './problems.ts';
import { heartbeatOf, receiverOf, receiverSecrets } from './receivers.ts';
import { floorShape, retentionRuleOf, retentionShape } from './retention-settings.ts';
import { scheduleShape } from './schedule-settings.ts';
import {
  type Config,
  type DestinationConfig,
  type FileSettings,
  fileSchema,
  type S3Destination,
  type SourceConfig,
  type SourceCredentials,
} from './schema.ts';
import { createSecretFiles, present, type SecretFiles } from './secret-files.ts';
import { destinationShape, logShape, metricsShape, runShape, sourceShape } from './settings.ts';
import { signingOf } from './signing.ts';
import { storedShape } from './stored-settings.ts';
import { knownOtherNames, passedOn } from './variables.ts';

export interface LoadOptions {
  readonly flags: Flags;
  /** The process's own variables. AWS settings of `.env` (not its keys) are added to it: the AWS SDK reads them nowhere else. */
  readonly env: Variables;
  /** Where `.env` and relative paths are looked up. */
  readonly cwd: string;
  /** What the whole process can have, in bytes; absent: as the system says. */
  readonly memory?: number;
}

/** The configuration in force. Throws an `ArchiverError` of code `config` that names every problem and no secret. */
export function loadConfig({ flags, env, cwd, memory = memoryAtHand() }: LoadOptions): Config {
  const problems: Problem[] = [];
  const environment = readEnvironment(env, cwd, problems);
  refuseUnknown(environment, knownNames(), problems);
  const file = readConfigFile(flags.config ?? environment.get('ARCHIVER_CONFIG'), cwd, problems);
  const layered = layer(file, environment, flags, problems);

  const files = createSecretFiles(environment, problems);
  const accounts = readAccounts(layered.raw, environment, files, problems);
  const destinationKeys = writesToS3(layered.raw) ? present(files.follow(destinationCredentials)) : undefined;
  const receivers = receiverSecrets(layered.raw, layered.where, files, problems);
  const heartbeat = present(files.follow(heartbeatOf(layered.raw)));
  const signing = present(files.follow(signingOf));
  const identities = files.follow(ageIdentities);
  checkTogether(layered, memory, problems);
  checkExtraCertificates(environment, cwd, problems);
  // Read once: a function that zod would compile for each schema costs more than it saves.
  const parsed = fileSchema.safeParse(layered.raw, { jitless: true });
  for (const issue of parsed.error?.issues ?? []) problems.push(...problemsOf(issue, layered));
  if (problems.length > 0 || parsed.data?.destination === undefined) throw configurationError(problems);

  lendToAwsSdk(env, environment);
  const {
    sources,
    destination,
    notify,
    retention,
    drill,
    stallTimeout,
    runDeadline,
    staleUploadAge,
    jitter,
    ...rest
  } = parsed.data;
  return {
    ...rest,
    sources: sources.map((source, index) => sourceOf(source, accounts[index] ?? noKeys)),
    destination: destinationOf(destination, destinationKeys),
    stallTimeoutMs: stallTimeout,
    runDeadlineMs: runDeadline,
    staleUploadAgeMs: staleUploadAge,
    jitterMs: jitter,
    notify: notify.flatMap((settings, index) => receiverOf(settings, receivers[index])),
    retention: retention.map(retentionRuleOf),
    drill: { ...drill, searchPath: environment.get('PATH') ?? '' },
    ...(heartbeat === undefined ? {} : { heartbeat }),
    ...(signing === undefined ? {} : { signing }),
    keyRecipients: keyRecipientsOf(parsed.data),
    ageIdentities: identities,
    environment: passedOn(environment.variables),
    warnOfSecrets: files.warn,
  };
}

function keyRecipientsOf({
  encryptedBackups,
  keyRecipients,
  ageRecipients,
}: FileSettings): readonly string[] {
  if (encryptedBackups !== 'seal') return [];
  return keyRecipients.length > 0 ? keyRecipients : ageRecipients;
}

/** Every variable that the product knows. */
export function knownNames(): string[] {
  const shapes: Record<string, z.ZodType>[] = [
    sourceShape,
    destinationShape,
    storedShape,
    runShape,
    scheduleShape,
    metricsShape,
    notifyShape,
    retentionShape,
    floorShape,
    drillShape,
    logShape,
  ];
  const settings = shapes.flatMap((shape) =>
    Object.values(shape).map((schema) => settingFacts.get(schema)?.variable),
  );
  return [...settings.filter((name) => name !== undefined), ...knownOtherNames];
}

const noKeys: Current<SourceCredentials> = fixed({});

/** The keys of each source in turn; every account is read once, so that its problems are told once. */
function readAccounts(
  raw: Raw,
  environment: Environment,
  files: SecretFiles,
  problems: Problem[],
): Current<SourceCredentials>[] {
  const accounts = new Map<string, Current<SourceCredentials>>();
  return writtenSources(raw).map((source) => {
    const prefix = sourceShape.credentialsEnv.safeParse(source['credentialsEnv']).data;
    if (prefix === undefined) return noKeys;
    const account = accounts.get(prefix) ?? files.follow(cloudCredentials(prefix));
    accounts.set(prefix, account);
    if (
      source['credentialsEnv'] !== undefined &&
      account().secretId === undefined &&
      !environment.has(`${prefix}_SECRET_ID`)
    ) {
      problems.push({
        where: `${prefix}_SECRET_ID`,
        what: `required: a source names it by \`credentialsEnv: ${prefix}\``,
      });
    }
    return account;
  });
}

function writesToS3(raw: Raw): boolean {
  const destination = raw['destination'];
  return isMapping(destination) && destinationShape.url.safeParse(destination['url']).data?.kind === 's3';
}

function sourceOf(
  settings: FileSettings['sources'][number],
  credentials: SourceConfig['credentials'],
): SourceConfig {
  const { name, endpoint, utcOffset, credentialsEnv: _prefix, ...rest } = settings;
  return {
    ...rest,
    name: name ?? settings.region,
    ...(endpoint === undefined ? {} : { endpoint: endpoint.replaceAll('{region}', settings.region) }),
    credentials,
    utcOffsetMinutes: utcOffset,
  };
}

function destinationOf(
  { url, ...rest }: NonNullable<FileSettings['destination']>,
  credentials: S3Destination['credentials'] | undefined,
): DestinationConfig {
  if (url.kind === 'file') return url;
  return { ...url, ...rest, ...(credentials === undefined ? {} : { credentials }) };
}
