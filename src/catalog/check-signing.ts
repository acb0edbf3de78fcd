/** What `check` says of signatures: with which key manifests are signed, and which keys are believed. */
import { type Finding, passed } from '../domain/check.ts';
import type { SignatureSettings } from './signature.ts';

export function checkSigning({ signing, trusted, since }: SignatureSettings): Finding {
  const signs =
    signing === undefined
      ? 'new manifests are not signed'
      : `manifests are signed with the key ${signing.id}`;
  const believed = trusted.map(({ id }) => id).join(', ');
  const wanted =
    since === undefined
      ? 'every archive needs a signature'
      : `archives of backups from ${since} on need a signature`;
  return passed(
    'signatures',
    `${signs}; believed: ${believed}; ${wanted}`,
    { signs: signing?.id ?? '', believed },
    signing === undefined
      ? 'Whoever runs `run` with ARCHIVER_SIGNING_KEY signs; to check takes only the public key.'
      : '',
  );
}
