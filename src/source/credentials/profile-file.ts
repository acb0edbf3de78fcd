/** Keys from the profile file that the cloud's own tools write, `~/.tencentcloud/credentials`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'ini';
import { ArchiverError } from '../../domain/errors.ts';
import { Secret } from '../../domain/secret.ts';
import type { CredentialProvider, Credentials } from '../credentials.ts';
import { fieldsOf, textOf } from '../json-fields.ts';

const SYSTEM_PROFILE = '/etc/tencentcloud/credentials';

const HINT =
  'Expected is a section [default] with secret_id = … and secret_key = … (and token = … for temporary keys).';

interface ProfileOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly systemProfile?: string;
}

/**
 * The user's file, else the machine's. A file that is there and readable must be right: it is never passed over. The one that has given keys is the
 * only one from then on: while it is written anew it may be gone for a moment, and the other may hold another account's.
 */
export function profileFile({
  environment,
  systemProfile = SYSTEM_PROFILE,
}: ProfileOptions): CredentialProvider {
  const home = environment['HOME'];
  const paths =
    home === undefined || home === ''
      ? [systemProfile]
      : [join(home, '.tencentcloud', 'credentials'), systemProfile];
  let given: string | undefined;
  return {
    name: 'profile file',
    async find(signal) {
      const reasons: string[] = [];
      for (const path of given === undefined ? paths : [given]) {
        const content = await readIfPossible(path, signal);
        if ('text' in content) {
          const keys = parseProfile(path, content.text);
          given = path;
          return keys;
        }
        reasons.push(`${path} ${content.problem}`);
      }
      return { absent: reasons.join(', ') };
    },
  };
}

async function readIfPossible(
  path: string,
  signal: AbortSignal,
): Promise<{ text: string } | { problem: string }> {
  try {
    return { text: await readFile(path, { encoding: 'utf8', signal }) };
  } catch (error) {
    signal.throwIfAborted();
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return { problem: 'is not there' };
    // HOME may well be another user's, as in a container that does not run as root: that alone is no mistake.
    if (code === 'EACCES' || code === 'EPERM')
      return { problem: 'may not be read by this user (check owner and mode)' };
    throw new ArchiverError('credentials', `the profile file ${path} cannot be read: ${code}`, {
      cause: error,
    });
  }
}

function parseProfile(path: string, text: string): Credentials {
  const section: unknown = parse(text.replace(/^\uFEFF/, ''))['default'];
  if (section === undefined) {
    throw new ArchiverError('credentials', `the profile file ${path} has no section [default]`, {
      hint: HINT,
    });
  }
  const value = (name: string): string => textOf(fieldsOf(section)[name]).trim();
  const missing = ['secret_id', 'secret_key'].filter((name) => value(name) === '');
  if (missing.length > 0) {
    const message = `the profile file ${path} has no ${missing.join(' and no ')} in [default]`;
    throw new ArchiverError('credentials', message, { hint: HINT });
  }
  const token = value('token');
  return {
    secretId: value('secret_id'),
    secretKey: new Secret(value('secret_key')),
    ...(token !== '' && { token: new Secret(token) }),
  };
}
