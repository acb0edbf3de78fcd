/** What is written about the settings elsewhere, made from the settings themselves: the reference page and the `.env` example. */
import { z } from 'zod';
import { otherAwsVariables } from './aws-variables.ts';
import { drillRuleShape, drillShape } from './drill-settings.ts';
import { settingFacts } from './fields.ts';
import { notifyShape } from './notify-settings.ts';
import { floorShape, retentionShape } from './retention-settings.ts';
import { scheduleShape } from './schedule-settings.ts';
import { destinationShape, logShape, metricsShape, runShape, sourceShape } from './settings.ts';
import { objectLockShape, storageClassesShape } from './storage-settings.ts';
import { storedShape } from './stored-settings.ts';
import { otherVariables } from './variables.ts';

interface Row {
  readonly key: string;
  readonly variable?: string;
  readonly meaning: string;
  /** As it is written in the file; undefined where there is none. */
  readonly default?: string;
  readonly required: boolean;
}

const sections: readonly { title: string; prefix: string; shape: Readonly<Record<string, z.ZodType>> }[] = [
  { title: 'Sources', prefix: 'sources[].', shape: sourceShape },
  { title: 'Destination', prefix: 'destination.', shape: destinationShape },
  { title: 'Rules of object lock', prefix: 'objectLock[].', shape: objectLockShape },
  { title: 'Rules of storage classes', prefix: 'storageClasses[].', shape: storageClassesShape },
  { title: 'Compression and encryption', prefix: '', shape: storedShape },
  { title: 'Runs', prefix: '', shape: runShape },
  { title: 'Schedule', prefix: '', shape: scheduleShape },
  { title: 'Metrics', prefix: 'metrics.', shape: metricsShape },
  { title: 'Notification', prefix: 'notify[].', shape: notifyShape },
  { title: 'Retention', prefix: '', shape: floorShape },
  { title: 'Retention rules', prefix: 'retention[].', shape: retentionShape },
  { title: 'Restore tests', prefix: 'drill.', shape: drillShape },
  { title: 'Rules of restore tests', prefix: 'drill.rules[].', shape: drillRuleShape },
  { title: 'Log', prefix: 'log.', shape: logShape },
];

/** `docs/configuration.md` */
export function configurationPage(): string {
  const parts = [
    '# Configuration',
    '',
    'Flags come before environment variables (those of a `.env` file in the working directory among them), these before the file',
    '(`--config`, `ARCHIVER_CONFIG`, else `config/archiver.yaml` if it is there), the file before the defaults. All problems are reported together,',
    'unknown keys and variables are refused, an empty variable is an unset one. Sizes are written `8MiB`, durations `30s`, `6h`.',
    '',
    'The file holds no secrets, so it can lie in a ConfigMap or in git; `config/archiver.example.yaml` is one to start from, and',
    '`config/archiver.schema.json` its JSON Schema. The sources of the file and those of `ARCHIVER_SOURCE_REGIONS` add up.',
    '',
    ...sections.flatMap(({ title, ...section }) => [
      `## ${title}`,
      '',
      ...settingsTable(rowsOf(section)),
      '',
    ]),
    '## Only in the environment',
    '',
    '| variable | meaning | default |',
    '| --- | --- | --- |',
    ...otherVariables.map(
      ({ name, fromFile, meaning, default: value }) =>
        `| \`${name}\`${fromFile ? ` or \`${name}_FILE\`` : ''} | ${meaning} | ${value ?? ''} |`,
    ),
    '',
    'A `NAME_FILE` variable names a file that holds the value (a mounted Kubernetes Secret, say); a newline at its end is cut off.',
    'Setting both is refused. The file is read again at each use, so what is put in its place counts without a restart',
    '([security.md](security.md#exchange-keys-while-it-runs)).',
    '',
    '## Other variables of AWS',
    '',
    'The AWS SDK, which speaks to the destination, reads many variables, and the shared AWS files (`~/.aws/config`, `~/.aws/credentials`) by the',
    'same names. Where requests go is told by those above; `config show` (`destination.inForce`) and `check` say what came of it, and by',
    'whose word. The others change neither the bytes on the wire nor what is taken for a proof, whoever else needs them on this machine:',
    '',
    '| variables | what becomes of them |',
    '| --- | --- |',
    ...otherAwsVariables.map(
      ({ names, fate }) => `| ${names.map((name) => `\`${name}\``).join(', ')} | ${fate} |`,
    ),
  ];
  return `${parts.join('\n')}\n`;
}

/** `.env.example`: every variable, commented out where it is not required. */
export function dotenvExample(): string {
  const parts = [
    '# Copy to .env and fill in. Lines that are commented out show the default, or an example.',
    '',
  ];
  for (const { title, ...section } of sections) {
    if (rowsOf(section).every(({ variable }) => variable === undefined)) continue;
    parts.push(`## ${title}`, '');
    for (const { variable, meaning, default: value, required } of rowsOf(section)) {
      if (variable === undefined) continue;
      parts.push(`# ${meaning}${required ? ' Required.' : ''}`);
      parts.push(`${required ? '' : '#'}${variable}=${value ?? ''}`, '');
    }
  }
  parts.push('## Credentials and surroundings', '');
  for (const { name, meaning, fromFile } of otherVariables) {
    parts.push(`# ${meaning}`, `#${name}=`);
    if (fromFile) parts.push(`#${name}_FILE=`);
    parts.push('');
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

function rowsOf({ prefix, shape }: { prefix: string; shape: Readonly<Record<string, z.ZodType>> }): Row[] {
  const { required = [] } = z.toJSONSchema(z.object(shape), { io: 'input' });
  return Object.entries(shape).map(([key, schema]) => {
    const { meaning = '', variable } = settingFacts.get(schema) ?? {};
    const value = defaultOf(schema);
    return {
      key: `${prefix}${key}`,
      meaning,
      required: required.includes(key),
      ...(variable === undefined ? {} : { variable }),
      ...(value === undefined ? {} : { default: value }),
    };
  });
}

function settingsTable(rows: readonly Row[]): string[] {
  return [
    '| in the file | variable | meaning | default |',
    '| --- | --- | --- | --- |',
    ...rows.map(({ key, variable, meaning, default: value, required }) => {
      const last = required ? 'required' : value === undefined || value === '' ? '' : `\`${value}\``;
      return `| \`${key}\` | ${variable === undefined ? '' : `\`${variable}\``} | ${meaning} | ${last} |`;
    }),
  ];
}

/** The default as a person writes it: what the schema takes in, not what it makes of it. */
function defaultOf(schema: z.ZodType): string | undefined {
  const { default: value } = z.toJSONSchema(schema, { io: 'input' });
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'object') return '';
  return value === undefined ? undefined : String(value);
}
