/** Probes of single objects: can they be put and read, are they encrypted, does what is deleted or replaced stay. */
import { failing, passed } from '../../domain/check.ts';
import { usesKey } from '../s3/head.ts';
import type { Probe } from './context.ts';
import { refusedPut } from './demands.ts';
import { SOUND } from './digest-trial.ts';
import { bytesAt, headersAt, isVersion, put } from './requests.ts';

/** Everything else builds upon this one. */
export const probeWriteRead: Probe = async (context) => {
  const stored = await put(context, 'object', SOUND);
  if (!stored.ok) return { finding: await refusedPut('write-and-read', stored, { context, name: 'object' }) };
  const back = await bytesAt(context, 'object');
  if (!back.ok) return { finding: failing('write-and-read', back.error) };
  if (back.output.equals(SOUND))
    return { finding: passed('write-and-read', 'an object comes back as it was put') };
  const message = `${context.keyOf('object')} came back with other bytes than were put`;
  const hint = 'Something between here and the store changes bytes: look for a proxy that does.';
  return { finding: failing('write-and-read', { code: 'store-failed', message, hint }) };
};

export const probeEncryption: Probe = async (context) => {
  const facts = await headersAt(context, 'object');
  if (!facts.ok) return { finding: failing('encryption', facts.error) };
  const headers = facts.output ?? {};
  const kind = headers['x-amz-server-side-encryption'] ?? 'none';
  const keyed = usesKey(kind, headers['x-amz-server-side-encryption-customer-algorithm']);
  const detail = keyed ? `${kind}: under a key of KMS an ETag proves nothing` : kind;
  const said = kind === 'none' ? 'the store tells of none' : detail;
  return { finding: passed('encryption', said, { algorithm: kind, kms: keyed }) };
};

const KEPT_VERSIONS =
  'What `expire` deletes, and the small objects of `check`, stay as versions: have a lifecycle rule remove those below `state/` after a day, and the others as late as you may want them back.';

/** As a put tells it, which takes no right of its own. HEAD does not do: gofakes3 makes an id up for objects that have no versions. */
export const probeVersions: Probe = async (context) => {
  const stored = await put(context, 'object', SOUND);
  if (!stored.ok) return { finding: failing('versioning', stored.error) };
  const { versionId } = stored.output;
  if (!isVersion(versionId)) return { finding: passed('versioning', 'off', { status: 'off' }) };
  const detail = 'on: what is deleted or replaced stays as a version';
  return { finding: passed('versioning', detail, { status: 'Enabled' }, KEPT_VERSIONS) };
};
