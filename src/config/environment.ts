/** The environment as the configuration sees it: the process's variables over those of `.env`, empty ones unset, secrets from files. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { type Problem, suggestion } from './problems.ts';
import { isServiceLink } from './variables.ts';

export type Variables = Record<string, string | undefined>;

export interface Environment {
  /** All that are set, by name. */
  readonly variables: Readonly<Record<string, string>>;
  get(name: string): string | undefined;
  /** The variable, or what stands in the file that `NAME_FILE` names, without the newline at its end. */
  secret(name: string): string | undefined;
  /** The same for what takes several lines, as keys in PEM and files of `age-keygen` do. */
  lines(name: string): string | undefined;
  /** Whether the variable or its `NAME_FILE` is set, readable or not. */
  has(name: string): boolean;
}

/** How files are read, and who is told what is wrong with them. */
interface FileReading {
  readonly problems: Problem[];
  /** Throws where the file cannot be read. */
  readonly readFile: (path: string) => string;
}

/** Reads `.env` in the working directory, if there is one; variables of the process win over it. */
export function readEnvironment(env: Readonly<Variables>, cwd: string, problems: Problem[]): Environment {
  const variables: Record<string, string> = {};
  for (const [name, value] of [...Object.entries(readDotenv(cwd, problems)), ...Object.entries(env)]) {
    if (value !== undefined && value.trim() !== '') variables[name] = value;
  }
  return environmentOf(variables, { problems, readFile: readText });
}

/** Variables that are known already, whose files are read when they are asked for. */
export function environmentOf(variables: Environment['variables'], reading: FileReading): Environment {
  const { problems } = reading;
  const get = (name: string): string | undefined => variables[name];
  const direct = (name: string): string | undefined => {
    if (get(`${name}_FILE`) !== undefined && get(name) !== undefined)
      problems.push({ where: name, what: `is set, and ${name}_FILE too; unset one of them` });
    return get(name);
  };
  const fromFile = (name: string): string | undefined => {
    const path = get(`${name}_FILE`);
    return path === undefined ? undefined : readSecretFile(`${name}_FILE`, path, reading);
  };

  return {
    variables,
    get,
    has: (name) => get(name) !== undefined || get(`${name}_FILE`) !== undefined,
    secret(name) {
      const value = direct(name);
      if (value === undefined) return oneWord(`${name}_FILE`, fromFile(name), problems);
      return get(`${name}_FILE`) === undefined ? oneWord(name, value, problems) : value;
    },
    lines: (name) => direct(name) ?? fromFile(name),
  };
}

/** As text. Throws the error of the file system. */
export function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/**
 * The AWS SDK finds its profile, role and web identity in the process's environment and nowhere else, so those variables of `.env`
 * are copied there, and empty ones, which mean something to it, are removed. Keys are not copied: they travel in the configuration.
 * It looks for its files in a home even when it was told everything, and fails where there is none.
 */
export function lendToAwsSdk(env: Variables, environment: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('AWS_') && value?.trim() === '') delete env[name];
  }
  for (const [name, value] of Object.entries(environment.variables)) {
    if (name.startsWith('AWS_') && !/ACCESS_KEY|SESSION_TOKEN/.test(name)) env[name] ||= value;
  }
  if (!hasHome()) env['HOME'] = NO_HOME;
}

/** A home that is none, as Debian's users of services have it. */
const NO_HOME = '/nonexistent';

/** A user of no name (OpenShift gives each pod one) has none, unless `HOME` says one. */
function hasHome(): boolean {
  try {
    return homedir() !== '';
  } catch {
    return false;
  }
}

/** Refuses variables that begin like ours and mean nothing: a typo there must not go unnoticed. */
export function refuseUnknown(environment: Environment, known: readonly string[], problems: Problem[]): void {
  for (const name of Object.keys(environment.variables)) {
    if (!name.startsWith('ARCHIVER_') || known.includes(name) || isServiceLink(name)) continue;
    problems.push({ where: name, what: `unknown variable${suggestion(name, known)}` });
  }
}

function readDotenv(cwd: string, problems: Problem[]): Record<string, string> {
  const path = join(cwd, '.env');
  if (!existsSync(path)) return {};
  try {
    return parse(readFileSync(path));
  } catch (error) {
    problems.push({ where: '.env', what: `cannot be read (${codeOf(error)})` });
    return {};
  }
}

function readSecretFile(
  where: string,
  path: string,
  { problems, readFile }: FileReading,
): string | undefined {
  try {
    const content = readFile(path).replace(/\r?\n$/, '');
    if (content === '') problems.push({ where, what: `the file ${path} is empty` });
    return content === '' ? undefined : content;
  } catch (error) {
    problems.push({ where, what: `the file ${path} cannot be read (${codeOf(error)})` });
    return undefined;
  }
}

/** Keys and tokens hold no white space; one that does was cut or pasted badly, and would break a header later. */
function oneWord(where: string, value: string | undefined, problems: Problem[]): string | undefined {
  if (value !== undefined && /\s/.test(value))
    problems.push({ where, what: 'holds white space, which no key or token does' });
  return value;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
