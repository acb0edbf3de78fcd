/** The variables of the AWS SDK, and what becomes of them here: every one that it reads, so that none works behind our back. */
interface AwsSetting {
  readonly name: string;
  readonly meaning: string;
  readonly default?: string;
}

/** Where requests go, where our own settings say nothing. The shared AWS files may say the same, by the key that is the name without `AWS_`. */
export const awsSettings: readonly AwsSetting[] = [
  {
    name: 'AWS_ENDPOINT_URL_S3',
    meaning:
      "Address of the store where `ARCHIVER_S3_ENDPOINT` is not set; then `AWS_ENDPOINT_URL`, then `endpoint_url` of the AWS profile's `services` section, then its own.",
  },
  { name: 'AWS_ENDPOINT_URL', meaning: 'The same for every service of AWS.' },
  {
    name: 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
    meaning: '`true`: none of these addresses holds, only `ARCHIVER_S3_ENDPOINT`.',
  },
  {
    name: 'AWS_REGION',
    meaning:
      "Region where neither `ARCHIVER_S3_REGION` nor the address names one; then `region` of the AWS profile, then `us-east-1` beside an address, or the machine's own.",
  },
  {
    name: 'AWS_USE_FIPS_ENDPOINT',
    meaning:
      "`true`: AWS's FIPS endpoints. Means nothing beside `ARCHIVER_S3_ENDPOINT`, and is refused beside another address of one's own.",
  },
  {
    name: 'AWS_USE_DUALSTACK_ENDPOINT',
    meaning: "`true`: AWS's endpoints for IPv6 and IPv4. Means nothing beside an address of one's own.",
  },
  {
    name: 'AWS_PROFILE',
    meaning: 'The profile in the shared AWS files, for these settings and for keys.',
    default: 'default',
  },
  { name: 'AWS_CONFIG_FILE', meaning: 'One of the shared AWS files.', default: '~/.aws/config' },
  {
    name: 'AWS_SHARED_CREDENTIALS_FILE',
    meaning: 'The other one.',
    default: '~/.aws/credentials',
  },
];

/** The rest, and what becomes of each group. */
export const otherAwsVariables: readonly { readonly names: readonly string[]; readonly fate: string }[] = [
  {
    names: [
      'AWS_ROLE_ARN',
      'AWS_ROLE_SESSION_NAME',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
      'AWS_EC2_METADATA_DISABLED',
      'AWS_EC2_METADATA_V1_DISABLED',
      'AWS_EC2_METADATA_SERVICE_ENDPOINT',
      'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE',
      'AWS_LOGIN_CACHE_DIRECTORY',
    ],
    fate: 'Obeyed by the SDK where it looks for keys; `check` says which source it took them from.',
  },
  {
    names: ['AWS_REQUEST_CHECKSUM_CALCULATION', 'AWS_RESPONSE_CHECKSUM_VALIDATION'],
    fate: 'Not obeyed: `WHEN_REQUIRED`. Each body goes with the digest of the profile, and not every store takes another; what is read is held against the manifest.',
  },
  {
    names: [
      'AWS_RETRY_MODE',
      'AWS_MAX_ATTEMPTS',
      'AWS_DEFAULTS_MODE',
      'AWS_DISABLE_CLOCK_SKEW_CORRECTION',
      'AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_2026',
    ],
    fate: 'Not obeyed: `standard`, 4 attempts, and time-outs that fit to parts of dumps. Of repeating, each layer has its share.',
  },
  {
    names: ['AWS_AUTH_SCHEME_PREFERENCE', 'AWS_SIGV4A_SIGNING_REGION_SET', 'AWS_BEARER_TOKEN_'],
    fate: 'Not obeyed: requests are signed by Signature Version 4, which every store knows.',
  },
  {
    names: [
      'AWS_S3_USE_ARN_REGION',
      'AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS',
      'AWS_S3_DISABLE_EXPRESS_SESSION_AUTH',
      'AWS_ACCOUNT_ID_ENDPOINT_MODE',
    ],
    fate: 'Mean nothing: the destination is a general purpose bucket by its name, neither an ARN nor a directory bucket.',
  },
  {
    names: ['AWS_DEFAULT_REGION', 'AWS_ACCOUNT_ID', 'AWS_CREDENTIAL_SCOPE', 'AWS_CREDENTIAL_EXPIRATION'],
    fate: 'Not read: the SDK has no use for them here.',
  },
  {
    names: [
      'AWS_SDK_UA_APP_ID',
      'AWS_EXECUTION_ENV',
      'AWS_LAMBDA_FUNCTION_NAME',
      'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED',
    ],
    fate: 'Left to the SDK: they name the program in the `User-Agent` and in traces, and change nothing else.',
  },
];
