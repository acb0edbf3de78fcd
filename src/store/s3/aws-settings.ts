/**
 * Where requests go, decided once: by our own settings, and where these say nothing by what the AWS SDK would take from its
 * variables and shared files, read by its own rules. The client is then told all of it, so that nothing is left to be found behind our back.
 */
import { S3Client } from '@aws-sdk/client-s3';
import {
  booleanSelector,
  type LoadedConfigSelectors,
  type LocalConfigOptions,
  loadConfig,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  NODE_REGION_CONFIG_OPTIONS,
  NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS,
  NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS,
  SelectorType,
} from '@smithy/core/config';
import { ArchiverError } from '../../domain/errors.ts';
import { providerFor } from './provider-profile.ts';

/** What our own settings may leave open. */
interface Asked {
  /** Base address of the store. */
  readonly endpoint?: string;
  readonly region?: string;
}

/** What of it is decided. */
export interface Settled {
  /** Absent: AWS's own address for the region. */
  readonly endpoint?: string;
  /** Absent: the machine's own metadata service is asked, when the first request is made. */
  readonly region?: string;
  /** Only beside AWS's own address. */
  readonly fips: boolean;
  readonly dualStack: boolean;
  /** For messages: who said so. */
  readonly toldBy: { readonly endpoint: string; readonly region: string };
}

/** A value, and the variable or the file's key that it stands in. */
interface Told<Value> {
  readonly value: Value;
  readonly by: string;
}

/** Any server will do that is no AWS: none of them refuses the region that every SDK assumes. */
const ASSUMED_REGION = 'us-east-1';

const OURS = 'the configuration';

/** Throws `config` for what stands there and cannot be obeyed; the SDK would pass over it without a word. */
export async function settle<Options extends Asked>(options: Options): Promise<Options & Settled> {
  const endpoint = options.endpoint === undefined ? await toldEndpoint() : ours(options.endpoint);
  const region = await settledRegion(options, endpoint?.value);
  const fips = await told(NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS, 'AWS_USE_FIPS_ENDPOINT');
  const dualStack = await told(NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS, 'AWS_USE_DUALSTACK_ENDPOINT');
  // Two words of the machine against each other are a mistake; against ours it has none, and `config show` and `check` say what is in force.
  const isOurs = options.endpoint !== undefined;
  if (endpoint !== undefined && fips?.value === true && !isOurs) throw notFips(endpoint, fips);
  return {
    ...options,
    ...(endpoint && { endpoint: endpoint.value }),
    ...(region && { region: region.value }),
    fips: endpoint === undefined && fips?.value === true,
    // An address of one's own says by itself which kinds of address it has.
    dualStack: endpoint === undefined && dualStack?.value === true,
    toldBy: {
      endpoint: endpoint?.by ?? 'AWS',
      region: region?.by ?? "the machine's metadata service",
    },
  };
}

async function settledRegion(asked: Asked, endpoint: string | undefined): Promise<Told<string> | undefined> {
  if (asked.region !== undefined) return ours(asked.region);
  const { region: shown } = providerFor('auto', endpoint);
  if (shown !== undefined) return { value: shown, by: 'the address' };
  const region = await told(NODE_REGION_CONFIG_OPTIONS, 'AWS_REGION', NODE_REGION_CONFIG_FILE_OPTIONS);
  if (region === undefined)
    return endpoint === undefined ? undefined : { value: ASSUMED_REGION, by: 'assumption' };
  if (/^[A-Za-z0-9-]+$/.test(region.value)) return region;
  throw unusable(region.by, 'expected a region, for instance eu-central-1');
}

/** `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, or `endpoint_url` of the shared files, its `services` section before the profile's own. */
async function toldEndpoint(): Promise<Told<string> | undefined> {
  const ignored = 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS';
  await told(
    {
      environmentVariableSelector: (env) => booleanSelector(env, ignored, SelectorType.ENV),
      configFileSelector: (profile) => booleanSelector(profile, keyOf(ignored), SelectorType.CONFIG),
    },
    ignored,
  );
  const value = await new S3Client({ region: ASSUMED_REGION }).config.serviceConfiguredEndpoint?.();
  if (value === undefined) return undefined;
  const variable = await loadConfig<string | undefined>({
    environmentVariableSelector: (env) =>
      ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'].find((name) => env[name] === value),
    configFileSelector: () => undefined,
    default: undefined,
  })();
  const by = variable ?? inFiles('endpoint_url');
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol) || /[?#@]/.test(value))
    throw unusable(by, 'expected an http:// or https:// address without credentials or query');
  return { value: value.replace(/\/+$/, ''), by };
}

type Selectors<Value> = Pick<
  LoadedConfigSelectors<Value | undefined>,
  'environmentVariableSelector' | 'configFileSelector'
>;

/** What the SDK's own loader finds, and where; undefined where it stands nowhere. */
async function told<Value>(
  { environmentVariableSelector, configFileSelector }: Selectors<Value>,
  variable: string,
  files: LocalConfigOptions = {},
): Promise<Told<Value> | undefined> {
  const inFile = inFiles(keyOf(variable));
  const found = await loadConfig<Told<Value> | Told<Error> | undefined>(
    {
      environmentVariableSelector: (env) => tell(variable, () => environmentVariableSelector(env)),
      configFileSelector: (profile, file) => tell(inFile, () => configFileSelector(profile, file)),
      default: undefined,
    },
    files,
  )();
  if (found?.value instanceof Error) throw unusable(found.by, 'expected true or false');
  return found as Told<Value> | undefined;
}

function tell<Value>(by: string, select: () => Value | undefined): Told<Value> | Told<Error> | undefined {
  try {
    const value = select();
    return value === undefined ? undefined : { value, by };
  } catch (error) {
    return { value: error instanceof Error ? error : new Error(String(error)), by };
  }
}

function ours<Value>(value: Value): Told<Value> {
  return { value, by: OURS };
}

/** `AWS_USE_FIPS_ENDPOINT` is `use_fips_endpoint` in the files. */
function keyOf(variable: string): string {
  return variable.replace('AWS_', '').toLowerCase();
}

function inFiles(key: string): string {
  return `${key} in the shared AWS files`;
}

function unusable(by: string, what: string): ArchiverError {
  return new ArchiverError('config', `${by}: ${what}`, {
    hint: 'Correct or unset it; our own settings (ARCHIVER_S3_ENDPOINT, ARCHIVER_S3_REGION) come before it.',
  });
}

function notFips(endpoint: Told<string>, fips: Told<boolean>): ArchiverError {
  const { host } = new URL(endpoint.value);
  return new ArchiverError(
    'config',
    `${fips.by} asks for FIPS endpoints, which AWS has only at addresses of its own; ${host} comes from ${endpoint.by}`,
    {
      hint: 'Unset one of them, or name the address in ARCHIVER_S3_ENDPOINT, which comes before both: whether a server at an address of its own is FIPS, only its operator knows.',
    },
  );
}
