/** From the addresses in the cloud's answer to the files of a backup: one link each, names that tell them apart, a stable order. */
import type { BackupFile } from '../domain/backup.ts';
import { ArchiverError } from '../domain/errors.ts';
import { Link } from '../domain/link.ts';
import { presignedExpiry } from './presigned-expiry.ts';

/** One file as the cloud answers it; an address it does not give is `''`. */
export interface AnsweredFile {
  readonly name: string;
  readonly size?: number;
  readonly extranet: string;
  readonly intranet: string;
}

interface LinkPolicy {
  readonly network: 'intranet' | 'extranet';
  /** When a link ends that does not say so itself, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** For messages: instance and backup. */
  readonly subject: string;
}

/** Rejects with `link-refused` when the answer has no file, or a file no usable address: all files of a backup, or none. */
export function backupFiles(answered: readonly AnsweredFile[], policy: LinkPolicy): readonly BackupFile[] {
  if (answered.length === 0) {
    throw new ArchiverError('link-refused', `the cloud answered without a single file for ${policy.subject}`);
  }
  return withDistinctNames(answered)
    .map(({ name, size, ...addresses }) => ({
      name,
      ...(size !== undefined && size > 0 && { announcedSize: size }),
      link: linkTo(name, addresses, policy),
    }))
    .sort((a, b) => natural(a.name, b.name));
}

/**
 * The extranet address serves in both networks. An intranet address serves only inside: API 2.0 names a private IP there, and
 * elsewhere the link, which opens the whole dump, would go to whoever owns that IP.
 */
function linkTo(
  name: string,
  { extranet, intranet }: Pick<AnsweredFile, 'extranet' | 'intranet'>,
  policy: LinkPolicy,
): Link {
  const address = (policy.network === 'intranet' && intranet) || extranet;
  if (!/^https?:\/\//.test(address) || !URL.canParse(address)) {
    throw new ArchiverError(
      'link-refused',
      `the cloud gave no ${policy.network} link to ${name} of ${policy.subject}`,
    );
  }
  return new Link(address, presignedExpiry(address) ?? policy.expiresAt);
}

/** Two files of one name get a number each, told apart by their path, so that a renewed answer in another order gives the same. */
function withDistinctNames(answered: readonly AnsweredFile[]): readonly AnsweredFile[] {
  const taken = new Set(answered.map((file) => file.name));
  const used = new Set<string>();
  return [...answered]
    .sort((a, b) => natural(a.name, b.name) || natural(pathOf(a), pathOf(b)))
    .map((file) => {
      let name = file.name;
      for (let number = 2; used.has(name) || (name !== file.name && taken.has(name)); number++)
        name = `${file.name}#${number}`;
      used.add(name);
      return { ...file, name };
    });
}

function pathOf(file: AnsweredFile): string {
  return (file.extranet || file.intranet).replace(/\?.*$/s, '');
}

let collator: Intl.Collator | undefined;

/** `shard-2` before `shard-10`. */
function natural(a: string, b: string): number {
  // Made when first needed: it loads tables that cost each start 6 ms.
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
