/** Lays the environment and the flags over the file's content, and remembers who set what. */
import type { z } from 'zod';
import { drillShape } from './drill-settings.ts';
import type { Environment } from './environment.ts';
import { settingFacts, type TextForm } from './fields.ts';
import { type ConfigFile, isMapping, type Path, pathText, type Raw } from './file.ts';
import { notifyShape } from './notify-settings.ts';
import type { Problem } from './problems.ts';
import { ENVIRONMENT_RECEIVER } from './receivers.ts';
import { scheduleShape } from './schedule-settings.ts';
import { destinationShape, logShape, metricsShape, runShape, sourceShape } from './settings.ts';
import { storedShape } from './stored-settings.ts';

/** The flags that are configuration; the others belong to their commands. */
export interface Flags {
  readonly config?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
  /** Of the commands that archive. */
  readonly inspect?: boolean;
}

export interface Layered {
  readonly raw: Raw;
  /** Who set the value at the path: a flag, a variable, or a line of the file. */
  where(path: Path): string;
}

type Shape = Readonly<Record<string, z.ZodType>>;

export function layer(
  file: ConfigFile,
  environment: Environment,
  flags: Flags,
  problems: Problem[],
): Layered {
  const raw = withoutNothing(file.content);
  const origins = new Map<string, string>();
  takeFormerNames(raw, file, origins, problems);

  const put = (path: Path, value: unknown, origin: string): void => {
    let target: Raw = raw;
    for (const key of path.slice(0, -1)) {
      if (target[key] === undefined) target[key] = {};
      const next = target[key];
      if (!isMapping(next)) return;
      target = next;
    }
    target[String(path.at(-1))] = value;
    origins.set(pathText(path), origin);
  };
  const putAll = (prefix: Path, shape: Shape): void => {
    for (const [key, { variable, value }] of Object.entries(fromVariables(shape, environment))) {
      put([...prefix, key], value, variable);
    }
  };

  putAll([], storedShape);
  putAll([], runShape);
  putAll([], scheduleShape);
  putAll(['metrics'], metricsShape);
  putAll(['drill'], drillShape);
  putAll(['log'], logShape);
  putAll(['destination'], destinationShape);
  putShard(environment, put, problems);
  putSources(raw, environment, origins, problems);
  putReceiver(raw, environment, origins, problems);
  if (flags.logLevel !== undefined) put(['log', 'level'], flags.logLevel, '--log-level');
  if (flags.logFormat !== undefined) put(['log', 'format'], flags.logFormat, '--log-format');
  if (flags.inspect !== undefined) put(['inspect'], flags.inspect, '--inspect');

  return { raw, where: (path) => originOf(path, origins) ?? file.where(path) };
}

function fromVariables(
  shape: Shape,
  environment: Environment,
): Record<string, { variable: string; value: unknown }> {
  const found: Record<string, { variable: string; value: unknown }> = {};
  for (const [key, schema] of Object.entries(shape)) {
    const { variable, form } = settingFacts.get(schema) ?? {};
    const text = variable === undefined ? undefined : environment.get(variable);
    if (variable !== undefined && text !== undefined)
      found[key] = { variable, value: read(text.trim(), form) };
  }
  return found;
}

/** A variable's text as the value that the file would hold; what cannot be read stays text, for the schema to refuse. */
function read(text: string, form: TextForm | undefined): unknown {
  if (form === 'list') return listOf(text);
  if (form === 'integer' && /^\d+$/.test(text)) return Number(text);
  if (form === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** One source for each region of the environment, after those of the file: neither hides the other. */
function putSources(
  raw: Raw,
  environment: Environment,
  origins: Map<string, string>,
  problems: Problem[],
): void {
  const { region, ...common } = fromVariables(sourceShape, environment);
  if (region === undefined) {
    for (const { variable } of Object.values(common)) {
      problems.push({
        where: variable,
        what: 'means nothing without ARCHIVER_SOURCE_REGIONS; for the sources of the file, set it there',
      });
    }
    return;
  }
  raw['sources'] ??= [];
  const sources = raw['sources'];
  if (!Array.isArray(sources)) return;
  for (const name of new Set(listOf(environment.get(region.variable) ?? ''))) {
    const source: Raw = { region: name };
    origins.set(pathText(['sources', sources.length]), region.variable);
    for (const [key, { variable, value }] of Object.entries(common)) {
      source[key] = value;
      origins.set(pathText(['sources', sources.length, key]), variable);
    }
    sources.push(source);
  }
}

/** The receiver of the environment, after those of the file. */
function putReceiver(
  raw: Raw,
  environment: Environment,
  origins: Map<string, string>,
  problems: Problem[],
): void {
  const found = fromVariables(notifyShape, environment);
  if (!environment.has(`${ENVIRONMENT_RECEIVER}_URL`)) {
    for (const { variable } of Object.values(found)) {
      const what = `means nothing without ${ENVIRONMENT_RECEIVER}_URL; for the receivers of the file, set it there`;
      problems.push({ where: variable, what });
    }
    return;
  }
  raw['notify'] ??= [];
  const receivers = raw['notify'];
  if (!Array.isArray(receivers)) return;
  const receiver: Raw = { credentialsEnv: ENVIRONMENT_RECEIVER };
  for (const [key, { variable, value }] of Object.entries(found)) {
    receiver[key] = value;
    origins.set(pathText(['notify', receivers.length, key]), variable);
  }
  receivers.push(receiver);
}

/** `notify[].events` was `on`, which readers of YAML 1.1 (Helm) take for the word true. */
function takeFormerNames(
  raw: Raw,
  file: ConfigFile,
  origins: Map<string, string>,
  problems: Problem[],
): void {
  const receivers = Array.isArray(raw['notify']) ? raw['notify'] : [];
  for (const [index, receiver] of receivers.entries()) {
    if (!isMapping(receiver) || receiver['on'] === undefined) continue;
    const where = file.where(['notify', index, 'on']);
    if (receiver['events'] !== undefined)
      problems.push({ where, what: 'is the former name of `events`, which is set too; unset one of them' });
    receiver['events'] = receiver['on'];
    delete receiver['on'];
    origins.set(pathText(['notify', index, 'events']), where);
  }
}

/** In an Indexed Job, Kubernetes gives each pod its index; the number of shares is ours. */
function putShard(
  environment: Environment,
  put: (path: Path, value: unknown, origin: string) => void,
  problems: Problem[],
): void {
  const count = environment.get('ARCHIVER_SHARD_COUNT');
  if (count === undefined) return;
  const where = 'ARCHIVER_SHARD_COUNT';
  const index = environment.get('JOB_COMPLETION_INDEX');
  if (environment.get('ARCHIVER_SHARD') !== undefined) {
    problems.push({ where, what: 'is set, and ARCHIVER_SHARD too; unset one of them' });
  } else if (index === undefined) {
    problems.push({
      where,
      what: 'needs JOB_COMPLETION_INDEX, which only an Indexed Job has; else use ARCHIVER_SHARD',
    });
  } else {
    put(['shard'], `${index.trim()}/${count.trim()}`, `JOB_COMPLETION_INDEX/${where}`);
  }
}

function originOf(path: Path, origins: ReadonlyMap<string, string>): string | undefined {
  for (let depth = path.length; depth > 0; depth--) {
    const origin = origins.get(pathText(path.slice(0, depth)));
    if (origin !== undefined) return origin;
  }
  return undefined;
}

const LISTS_OF_MAPPINGS = ['sources', 'notify', 'retention', 'objectLock', 'storageClasses'];

/** A key with nothing behind it (all its lines commented out, say) is an unset key. */
function withoutNothing(content: Raw): Raw {
  const kept: Raw = {};
  for (const [key, value] of Object.entries(content)) {
    if (value === null) continue;
    if (LISTS_OF_MAPPINGS.includes(key) && Array.isArray(value))
      kept[key] = value.map((item) => (isMapping(item) ? shallow(item) : item));
    else kept[key] = isMapping(value) ? shallow(value) : value;
  }
  return kept;
}

function shallow(mapping: Raw): Raw {
  return Object.fromEntries(Object.entries(mapping).filter(([, value]) => value !== null));
}
