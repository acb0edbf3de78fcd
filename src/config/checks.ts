/** What the schema alone cannot say: rules between settings, and its refusals in the product's words. */
import type { z } from 'zod';
import { regionNames } from '../domain/regions.ts';
import { checkBucket } from './bucket-checks.ts';
import { timezoneNames } from './daemon-fields.ts';
import { drillRuleShape, drillShape } from './drill-settings.ts';
import { isMapping, type Path, pathText, type Raw } from './file.ts';
import { takesAll } from './instance-rule.ts';
import { notifyShape } from './notify-settings.ts';
import type { Layered } from './overlay.ts';
import { type Problem, shown, suggestion } from './problems.ts';
import { retentionSchema, retentionShape } from './retention-settings.ts';
import { fileSchema } from './schema.ts';
import { destinationShape, logShape, metricsShape, runShape, sourceShape } from './settings.ts';
import { checkStorage } from './storage-checks.ts';
import { objectLockShape, storageClassesShape } from './storage-settings.ts';
import { formatSize } from './units.ts';

type Issue = z.core.$ZodIssue;

/**
 * The rules that hold between settings; each looks at what was written, so it works while other settings are wrong. `memory` is what the
 * whole process can have, in bytes.
 */
export function checkTogether(layered: Layered, memory: number, problems: Problem[]): void {
  requireEssentials(layered.raw, problems);
  refuseTwins(layered, problems);
  refuseSmallPool(layered, problems);
  refuseLargePool(layered, memory, problems);
  refuseYoungSweep(layered, problems);
  refuseIdleRules(layered, problems);
  refuseTwoAnswers(layered, problems);
  refuseUnknownHost(layered, problems);
  refuseKeysForNobody(layered, problems);
  checkBucket(layered, problems);
  checkStorage(layered, problems);
}

/** The sources as they were written, wherever they came from. */
export function writtenSources(raw: Raw): Raw[] {
  return Array.isArray(raw['sources'])
    ? raw['sources'].map((source: unknown) => (isMapping(source) ? source : {}))
    : [];
}

/** What the schema refuses, each with who wrote it, what was expected and what was there. */
export function problemsOf(issue: Issue, { raw, where }: Layered): Problem[] {
  const path = issue.path.filter((key) => typeof key !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ where: where([...path, key]), what: unknownKey(key, path) }));
  }
  const value = valueAt(raw, path);
  if (pathText(path) === 'destination.url' && value === undefined) return [];
  // What says itself what was meant knows better than the likeness of letters.
  const guessed = issue.message.includes('perhaps');
  const hint = typeof value === 'string' && !guessed ? suggestion(value, candidatesFor(path)) : '';
  return [{ where: where(path), what: `${issue.message}, got ${shown(value)}${hint}` }];
}

function requireEssentials(raw: Raw, problems: Problem[]): void {
  const sources = raw['sources'];
  if (sources === undefined || (Array.isArray(sources) && sources.length === 0)) {
    const what =
      'required: the region to archive, for instance ap-guangzhou (or `sources` in the configuration file)';
    problems.push({ where: 'ARCHIVER_SOURCE_REGIONS', what });
  }
  const destination = raw['destination'];
  if (destination === undefined || (isMapping(destination) && destination['url'] === undefined)) {
    const what =
      'required: s3://BUCKET/PREFIX or file:///DIR (or `destination.url` in the configuration file)';
    problems.push({ where: 'ARCHIVER_DESTINATION', what });
  }
}

/** A source's name is part of its archives' keys: two of one name would take each other's archives for their own. */
function refuseTwins({ raw, where }: Layered, problems: Problem[]): void {
  const seen = new Set<string>();
  for (const [index, source] of writtenSources(raw).entries()) {
    const name =
      sourceShape.name.safeParse(source['name']).data ?? sourceShape.region.safeParse(source['region']).data;
    if (name === undefined) continue;
    if (seen.has(name)) {
      const what = `another source is called ${name} already; give this one a \`name\` of its own`;
      problems.push({ where: where(['sources', index]), what });
    }
    seen.add(name);
  }
}

function refuseSmallPool({ raw, where }: Layered, problems: Problem[]): void {
  const part = runShape.partSize.safeParse(raw['partSize']).data;
  const pool = runShape.bufferMemory.safeParse(raw['bufferMemory']).data;
  if (part === undefined || pool === undefined || pool >= part) return;
  const what = `expected room for one part of ${shown(raw['partSize'] ?? '8MiB')} at least, got ${shown(raw['bufferMemory'] ?? '128MiB')}`;
  problems.push({ where: where(['bufferMemory']), what });
}

/** The pool is filled as transfers need it: one that does not fit ends in the kernel's killing the process, in the midst of a large dump. */
function refuseLargePool({ raw, where }: Layered, memory: number, problems: Problem[]): void {
  const pool = runShape.bufferMemory.safeParse(raw['bufferMemory']).data;
  if (raw['bufferMemory'] === undefined || pool === undefined || pool < memory) return;
  const what = `expected less than all the memory that there is, ${formatSize(memory)}, got ${shown(raw['bufferMemory'])}`;
  problems.push({ where: where(['bufferMemory']), what });
}

/** A run may begin an upload until its deadline: what is younger than that may belong to one that is alive. */
function refuseYoungSweep({ raw, where }: Layered, problems: Problem[]): void {
  const age = runShape.staleUploadAge.safeParse(raw['staleUploadAge']).data;
  const deadline = runShape.runDeadline.safeParse(raw['runDeadline']).data;
  if (age === undefined || deadline === undefined || age > deadline) return;
  const limit = shown(raw['runDeadline'] ?? '6h');
  if (raw['staleUploadAge'] === undefined) {
    const what = `expected less than the 24h of \`staleUploadAge\`, got ${limit}; set that too`;
    problems.push({ where: where(['runDeadline']), what });
  } else {
    const what = `expected more than the run deadline of ${limit}, got ${shown(raw['staleUploadAge'])}`;
    problems.push({ where: where(['staleUploadAge']), what });
  }
}

/** A rule that is never asked is a mistake whose cost would be archives: the one in front of it takes what was meant for it. */
function refuseIdleRules({ raw, where }: Layered, problems: Problem[]): void {
  const rules: unknown = raw['retention'];
  if (!Array.isArray(rules)) return;
  const all = rules.findIndex((rule) => {
    const parsed = retentionSchema.safeParse(rule).data;
    return parsed !== undefined && takesAll(parsed);
  });
  if (all === -1 || all === rules.length - 1) return;
  const what = `is never asked: rule ${all + 1} takes every instance; put that one last`;
  problems.push({ where: where(['retention', all + 1]), what });
}

/** One server alone, or several to choose from: with both, one of them would be passed over without a word. */
function refuseTwoAnswers({ raw, where }: Layered, problems: Problem[]): void {
  const drill = raw['drill'];
  if (!isMapping(drill) || drill['server'] === undefined || drill['servers'] === undefined) return;
  const what = 'does not go with `drill.servers`: the one is used alone, of the others the one that fits';
  problems.push({ where: where(['drill', 'server']), what });
}

/** API 2.0 was never offered on a host of the international site that any source names, and none is guessed. */
function refuseUnknownHost({ raw, where }: Layered, problems: Problem[]): void {
  for (const [index, source] of writtenSources(raw).entries()) {
    if (
      source['site'] !== 'international' ||
      source['api'] !== 'tencent-v2' ||
      source['endpoint'] !== undefined
    )
      continue;
    const what =
      'API 2.0 has no host of the international site that we know: use `tencent-v3`, or name an `endpoint`';
    problems.push({ where: where(['sources', index, 'site']), what });
  }
}

/** A key is sealed for somebody, or not at all; and recipients that nothing is sealed for were meant to be used. */
function refuseKeysForNobody({ raw, where }: Layered, problems: Problem[]): void {
  const isFilled = (value: unknown) => Array.isArray(value) && value.length > 0;
  const seals = raw['encryptedBackups'] === 'seal';
  if (seals && !isFilled(raw['keyRecipients']) && !isFilled(raw['ageRecipients'])) {
    const what = '`seal` needs somebody to seal keys for: set `keyRecipients` (ARCHIVER_KEY_RECIPIENTS)';
    problems.push({ where: where(['encryptedBackups']), what });
  }
  if (!seals && isFilled(raw['keyRecipients'])) {
    const what = 'means nothing without `encryptedBackups: seal` (ARCHIVER_ENCRYPTED_BACKUPS)';
    problems.push({ where: where(['keyRecipients']), what });
  }
}

function unknownKey(key: string, path: Path): string {
  if (key === 'true' || key === 'false') {
    const instead = path[0] === 'notify' ? 'write `events` in place of `on`' : 'put the key in quotes';
    return `unknown key; a reader of YAML 1.1, as Helm's is, takes on, off, yes, no, y and n for ${key}: ${instead}`;
  }
  if (/secret|password|token|accesskey/i.test(key)) {
    return 'unknown key; secrets do not stand in the file: keep them in variables, and name those by `credentialsEnv`';
  }
  return `unknown key${suggestion(key, Object.keys(shapeAt(path)))}`;
}

function shapeAt(path: Path): Readonly<Record<string, unknown>> {
  const shapes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    sources: sourceShape,
    destination: destinationShape,
    notify: notifyShape,
    retention: retentionShape,
    objectLock: objectLockShape,
    storageClasses: storageClassesShape,
    log: logShape,
    metrics: metricsShape,
    drill: path[1] === 'rules' ? drillRuleShape : { ...drillShape, rules: true },
  };
  return shapes[String(path[0])] ?? fileSchema.shape;
}

/** What the value may have been meant to be, where the product knows the names. */
function candidatesFor(path: Path): readonly string[] {
  if (path[0] === 'sources' && path[2] === 'region') return regionNames;
  return path[0] === 'timezone' ? timezoneNames() : [];
}

function valueAt(raw: Raw, path: Path): unknown {
  let value: unknown = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === String(key))?.[1];
  }
  return value;
}
