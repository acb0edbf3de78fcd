/** Keys that the user wrote into the configuration or the environment. */
import type { Current } from '../../domain/current.ts';
import type { Secret } from '../../domain/secret.ts';
import type { CredentialProvider } from '../credentials.ts';

/** Both keys or neither: the configuration refuses one without the other. */
export interface ConfiguredKeys {
  readonly secretId?: string;
  readonly secretKey?: Secret;
  readonly token?: Secret;
}

/** `prefix` is what the variables' names begin with: `TENCENTCLOUD` for `TENCENTCLOUD_SECRET_ID`. */
export function configuredKeys(current: Current<ConfiguredKeys>, prefix: string): CredentialProvider {
  return {
    name: `${prefix}_SECRET_ID and ${prefix}_SECRET_KEY`,
    async find() {
      const { secretId, secretKey, token } = current();
      if (secretId === undefined || secretKey === undefined) return { absent: 'not set' };
      return { secretId, secretKey, ...(token && { token }) };
    },
  };
}
