/** The keys that STS and the metadata service hand out for some hours, in the one shape that both answer with. */
import { Secret } from '../../domain/secret.ts';
import type { Credentials } from '../credentials.ts';
import { fieldsOf, numberOf, textOf } from '../json-fields.ts';

/** `TmpSecretId`, `TmpSecretKey` and `Token`, with the `ExpiredTime` in unix seconds; undefined where one of them is missing. */
export function readTemporaryKeys(keys: unknown, expiredTime: unknown): Credentials | undefined {
  const [secretId = '', secretKey = '', token = ''] = ['TmpSecretId', 'TmpSecretKey', 'Token'].map((name) =>
    textOf(fieldsOf(keys)[name]),
  );
  const expires = numberOf(expiredTime);
  if (secretId === '' || secretKey === '' || token === '' || expires === undefined) return undefined;
  return { secretId, secretKey: new Secret(secretKey), token: new Secret(token), expiresAt: expires * 1000 };
}

/** The text as JSON; undefined for what is none, whose parse error would quote the text and with it the keys. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
