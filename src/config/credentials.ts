/** The keys of the cloud accounts and of the destination, out of variables or the files that they name. */
import { Secret } from '../domain/secret.ts';
import type { Environment } from './environment.ts';
import type { Problem } from './problems.ts';
import type { S3Keys, SourceCredentials } from './schema.ts';

/** `PREFIX_SECRET_ID`, `PREFIX_SECRET_KEY` and `PREFIX_SESSION_TOKEN` (or `PREFIX_TOKEN`): both keys, or nothing at all. */
export const cloudCredentials =
  (prefix: string) =>
  (environment: Environment, problems: Problem[]): SourceCredentials => {
    const secretId = environment.secret(`${prefix}_SECRET_ID`);
    const secretKey = environment.secret(`${prefix}_SECRET_KEY`);
    const token = environment.secret(`${prefix}_SESSION_TOKEN`) ?? environment.secret(`${prefix}_TOKEN`);
    if (secretId !== undefined && secretKey !== undefined) {
      return {
        secretId,
        secretKey: new Secret(secretKey),
        ...(token === undefined ? {} : { token: new Secret(token) }),
      };
    }
    refuseHalf(`${prefix}_SECRET_ID`, `${prefix}_SECRET_KEY`, environment, problems);
    return {};
  };

/** `AWS_ACCESS_KEY_ID` and its companions; undefined leaves it to the AWS SDK's default chain. */
export function destinationCredentials(environment: Environment, problems: Problem[]): S3Keys | undefined {
  const accessKeyId = environment.secret('AWS_ACCESS_KEY_ID');
  const secretAccessKey = environment.secret('AWS_SECRET_ACCESS_KEY');
  const sessionToken = environment.secret('AWS_SESSION_TOKEN');
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return {
      accessKeyId,
      secretAccessKey: new Secret(secretAccessKey),
      ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
    };
  }
  refuseHalf('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', environment, problems);
  return undefined;
}

function refuseHalf(id: string, key: string, environment: Environment, problems: Problem[]): void {
  if (environment.has(id) && !environment.has(key))
    problems.push({ where: key, what: `required beside ${id}` });
  if (environment.has(key) && !environment.has(id))
    problems.push({ where: id, what: `required beside ${key}` });
}
