/** What is written about the providers elsewhere, made from their profiles: `docs/providers.md`. */
import { EXAMPLE_HOSTS, PROFILES, type ProviderName, type ProviderProfile } from './provider-profile.ts';

/** Profiles that the tests run under on a real server; AWS and COS have stand-ins only. */
const MEASURED: readonly ProviderName[] = ['s3', 'ceph', 'other'];

/** `docs/providers.md`, but for what was measured. */
export function providersPage(): string {
  const profiles = Object.values(PROFILES);
  const lines = [
    '# Object storages',
    '',
    'Stores that speak S3 differ in what they check, prove and decide. What the program expects of each is its *profile*:',
    '`ARCHIVER_S3_PROFILE`, or `destination.profile` in the file; `auto`, the default, tells it by the address in force (`ARCHIVER_S3_ENDPOINT`, else `AWS_ENDPOINT_URL_S3` …), and takes',
    '`other` where the address tells nothing. `rdb-archiver check` tries all of it out on your bucket, says where the profile in force is wrong,',
    'and which one would be right. This page is made from the same data as the program. The last column says where that comes from: *measured* on real',
    'servers ([below](#measured)), or nothing but what the maker *writes*, which a run relies on no further than it sees the bucket bear it out.',
    '',
    '| profile | store | told by an address such as | bucket in the | checked on arrival | proved after storing | put-if-absent | object lock | list call | parts at once | known from |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...profiles.map(row),
    '',
    '## What to know',
    '',
    ...profiles.map(({ name, title, remark }) => `- **${title}** (\`${name}\`): ${remark}`),
    '',
    '## What the columns mean',
    '',
    '- **Bucket in the**: path or host name; `ARCHIVER_S3_FORCE_PATH_STYLE` overrides it. An IP address, and a bucket with a dot, go by the path whatever is set.',
    '- **Checked on arrival**: sent with every body; the store compares before it stores. The signed SHA-256 of the body comes on top.',
    '- **Proved after storing**: what the store computed itself and answers with, compared with our own before an archive is committed. An ETag',
    '  proves nothing under a KMS key. Where nothing is proved, each object is read back: as safe, at twice the traffic.',
    '- **Put-if-absent**: how a manifest is put only where none is. Where a store is not known to decide, the program looks before and after. What is left',
    '  then: two runs that finish the same backup within the same moment may both report it archived, and the later manifest stays. The dumps',
    '  of both are the same, so nothing is lost.',
    '- **Object lock**: the modes that `objectLock` may ask for; another is refused before a run begins. Whether an object is locked is asked of',
    '  the store after each upload, and where it is not, the lock is asked for once more by itself; without it the backup has failed.',
    '- **List call**: some stores know only the first version; asked by the second, their lists would end early.',
    '',
    '## Storage classes that cannot be read at once',
    '',
    'What lies there can be neither verified nor restored before somebody has it brought back, and nothing can be proved of it by reading. Such a class is',
    'refused where the store proves nothing itself, and beside `ARCHIVER_READBACK=always`. Names that are not here are tried out by `check`.',
    '',
    '| profile | classes |',
    '| --- | --- |',
    ...profiles.flatMap(coldRow),
  ];
  return `${lines.join('\n')}\n`;
}

function row(profile: ProviderProfile): string {
  const host = EXAMPLE_HOSTS[profile.name];
  const cells = [
    `\`${profile.name}\``,
    profile.title,
    host === undefined ? '' : `\`${host}\``,
    profile.pathStyle ? 'path' : 'host name',
    profile.bodyCheck === 'crc32' ? 'CRC-32' : 'Content-MD5',
    proof(profile),
    condition(profile),
    lock(profile),
    profile.listing === 'v1' ? 'first version' : 'second version',
    profile.partsInFlight,
    MEASURED.includes(profile.name) ? 'measured' : 'documentation',
  ];
  return `| ${cells.join(' | ')} |`;
}

function coldRow({ name, coldClasses }: ProviderProfile): string[] {
  if (coldClasses.length === 0) return [];
  return [`| \`${name}\` | ${coldClasses.map((one) => `\`${one}\``).join(', ')} |`];
}

function proof({ echo, md5Etags }: ProviderProfile): string {
  const etags = { all: 'MD5 ETags', 'single-put': 'MD5 ETags, but not of multipart', none: '' }[md5Etags];
  const checksum = echo === 'none' ? '' : `\`${echo}\``;
  return [checksum, etags].filter((part) => part !== '').join(', ') || 'what the bucket was seen to prove';
}

function condition({ ifAbsent, ifAbsentHonoured, ifAbsentAmongVersions }: ProviderProfile): string {
  if (ifAbsent === undefined) return 'none: looks before and after';
  const decides = ifAbsentHonoured && ifAbsentAmongVersions;
  return decides ? `\`${ifAbsent[0]}\`` : `\`${ifAbsent[0]}\`, and looks before and after`;
}

function lock({ lockModes }: ProviderProfile): string {
  return lockModes.length > 1 ? 'both modes' : (lockModes[0] ?? 'none by S3');
}
