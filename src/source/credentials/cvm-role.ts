/** Keys of the role that is bound to the machine we run on. */
import type { Absence, CredentialProvider, Credentials } from '../credentials.ts';
import { fieldsOf, textOf } from '../json-fields.ts';
import type { MetadataReply, MetadataService } from '../metadata.ts';
import { parseJson, readTemporaryKeys } from './temporary-keys.ts';

const FOLDER = 'cam/security-credentials/';

/** Asks for the role's name and then for its keys, both anew each time: a role may be bound, or exchanged, while we run. */
export function cvmRole(metadata: MetadataService): CredentialProvider {
  return {
    name: 'CVM role',
    async find(signal) {
      const roleName = await metadata.read(FOLDER, signal);
      const role = firstLine(roleName);
      if (role === undefined) return whyNoRole(metadata, roleName);
      return readKeys(role, await metadata.read(`${FOLDER}${encodeURIComponent(role)}`, signal));
    },
  };
}

function firstLine(reply: MetadataReply): string | undefined {
  if (!('status' in reply) || reply.status !== 200) return undefined;
  const line = reply.body.trim().split('\n')[0]?.trim();
  // A page instead of a name: some web server answers for the metadata service's name.
  return line === undefined || !/^[\w+=,.@-]+$/.test(line) ? undefined : line;
}

function whyNoRole(metadata: MetadataService, reply: MetadataReply): Absence {
  if ('unreachable' in reply) return { absent: `${metadata.baseUrl} does not answer: ${reply.unreachable}` };
  if (reply.status === 404 || reply.status === 200) return { absent: 'no role is bound to this machine' };
  return { absent: `${metadata.baseUrl} answered ${reply.status}` };
}

function readKeys(role: string, reply: MetadataReply): Credentials | Absence {
  if ('unreachable' in reply)
    return { absent: `the keys of role ${role} could not be read: ${reply.unreachable}` };
  if (reply.status !== 200)
    return { absent: `the metadata service answered ${reply.status} for the keys of role ${role}` };
  const answer = fieldsOf(parseJson(reply.body));
  const code = textOf(answer['Code']);
  const keys = code === 'Success' ? readTemporaryKeys(answer, answer['ExpiredTime']) : undefined;
  if (keys !== undefined) return keys;
  const why = code === 'Success' || code === '' ? 'its answer is incomplete' : code.slice(0, 100);
  return { absent: `the metadata service gives no keys for role ${role}: ${why}` };
}
