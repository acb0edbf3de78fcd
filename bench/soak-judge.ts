/** For `bench/soak.ts`: holds what the bucket has, and what the runs told, against what the cloud had. */
import { createHash } from 'node:crypto';
import type { Manifest } from '../src/domain/manifest.ts';
import type { S3Server } from '../test/support/s3.ts';
import type { RunStory } from './soak-words.ts';
import type { LiveBackup } from './soak-world.ts';

const CATALOG = 'redis/catalog/';

export interface Checked {
  readonly files: number;
  readonly bytes: number;
}

export interface Judge {
  /** Every archive that there is has all files of its backup, and their bytes are the cloud's. */
  archives(backups: readonly LiveBackup[]): Checked;
  /** Every run told what it did: one outcome a backup, no success that is none, and not 0 when something was left. */
  stories(runs: readonly RunStory[], backups: readonly LiveBackup[]): void;
  /** After a run in which nothing went wrong: all that the cloud has is archived, nothing is left over. */
  calm(runs: readonly RunStory[], backups: readonly LiveBackup[], uploadsOlderThan: number): void;
  /** In the middle of a run: whatever is listed as an archive since the last look is whole. */
  look(): void;
  /** What the cloud has forgotten goes from the bucket too. */
  forget(backups: readonly LiveBackup[]): void;
  readonly problems: string[];
}

export function createJudge(s3: S3Server): Judge {
  const problems: string[] = [];
  /** Objects whose bytes were compared and let go; another object under the same key is compared anew. */
  const compared = new Map<string, object>();
  const seen = new Set<string>();

  function manifestKeyOf(backup: LiveBackup): string | undefined {
    const name = `/${backup.instanceId}/`;
    return [...s3.objects.keys()].find(
      (key) =>
        key.startsWith(`${CATALOG}${backup.source}/`) &&
        key.includes(name) &&
        key.endsWith(`_${backup.id}.json`),
    );
  }

  function manifestOf(key: string): Manifest | undefined {
    try {
      return JSON.parse(String(s3.bytesOf(key))) as Manifest;
    } catch {
      problems.push(`${key} cannot be read`);
      return undefined;
    }
  }

  /** Bytes that were compared; an object is compared once, for it takes its time. */
  function compare(key: string, size: number, sha256: string): number {
    const object = s3.objects.get(key);
    if (object === undefined) {
      problems.push(`${key} is in a manifest and not in the bucket`);
      return 0;
    }
    if (compared.get(key) === object) return 0;
    const hash = createHash('sha256');
    for (const chunk of object.chunks) hash.update(chunk);
    if (object.size !== size || hash.digest('hex') !== sha256)
      problems.push(`${key} has other bytes than the cloud's`);
    const withoutBytes = { ...object, chunks: [] };
    s3.objects.set(key, withoutBytes);
    compared.set(key, withoutBytes);
    return size;
  }

  function archives(backups: readonly LiveBackup[]): Checked {
    let files = 0;
    let bytes = 0;
    for (const backup of backups) {
      const key = manifestKeyOf(backup);
      const manifest = key === undefined ? undefined : manifestOf(key);
      if (manifest === undefined) continue;
      const listed = manifest.files.map(({ name, size, sha256 }) => `${name} ${size} ${sha256}`);
      const wanted = backup.files.map(({ name, dump, sha256 }) => `${name} ${dump.size} ${sha256}`);
      // API 2.0 names a file by its backup and not as the download host does.
      const nameless = (rows: string[]): string[] =>
        backup.source === 'old' ? rows.map((row) => row.replace(/^\S+ /, '')) : rows;
      if (nameless(listed).join('\n') !== nameless(wanted).join('\n'))
        problems.push(`${key} lists ${listed.join(', ')}; the cloud has ${wanted.join(', ')}`);
      for (const file of manifest.files) {
        const size = compare(file.key, file.size, file.sha256);
        files += size > 0 ? 1 : 0;
        bytes += size;
      }
    }
    return { files, bytes };
  }

  function story(run: RunStory, backups: readonly LiveBackup[]): void {
    const { summary, outcomes, complaints, summaries, interrupted } = run;
    const say = (what: string): void => void problems.push(`run ${summary.runId}: ${what}`);
    const told = new Map(outcomes.map((outcome) => [`${outcome.instanceId} ${outcome.backupId}`, outcome]));
    const { archived, skipped, failed, considered, exitCode } = summary;
    if (summaries !== 1) say(`${summaries} summaries`);
    if (told.size !== outcomes.length) say(`${outcomes.length} outcomes for ${told.size} backups`);
    if (considered !== outcomes.length || archived + skipped + failed !== considered)
      say(`${considered} considered, ${archived} + ${skipped} + ${failed} told, ${outcomes.length} outcomes`);
    if (exitCode === 1 || complaints.some((complaint) => complaint.includes(': internal: ')))
      say(`a bug: exit ${exitCode}, ${complaints.join('; ')}`);
    if (interrupted && exitCode !== 143) say(`exit ${exitCode} after SIGTERM`);
    if (exitCode === 0 && (failed > 0 || complaints.length > 0)) say('exit 0 although something failed');
    if (exitCode !== 0 && failed === 0 && complaints.length === 0 && !interrupted && !outcomes.some(isLate))
      say(`exit ${exitCode} although nothing failed`);

    for (const backup of backups) {
      const outcome = told.get(`${backup.instanceId} ${backup.id}`);
      const isArchived = manifestKeyOf(backup) !== undefined;
      const what = `${backup.id} of ${backup.instanceId}`;
      if (outcome === undefined) {
        if (complaints.length === 0 && !interrupted && backup.lostIn === undefined)
          say(`no outcome for ${what}`);
        continue;
      }
      const success = outcome.outcome === 'archived' || outcome.reason === 'already-archived';
      if (success && !isArchived) say(`${what} is told as ${outcome.outcome} and is no archive`);
      if (outcome.outcome === 'failed' && outcome.error.code === 'internal')
        say(`a bug: ${outcome.error.message}`);
      if (exitCode === 0 && !isArchived && backup.lostIn === undefined && outcome.reason !== 'not-ready')
        say(`exit 0 although ${what} was left (${outcome.reason})`);
    }
  }

  return {
    problems,
    archives,
    stories(runs, backups) {
      for (const run of runs) story(run, backups);
    },

    calm(runs, backups, uploadsOlderThan) {
      for (const { summary, outcomes, complaints } of runs) {
        const amiss = outcomes.filter((one) => one.outcome === 'failed' && one.reason !== 'lost');
        for (const one of amiss)
          problems.push(`calm run: ${one.backupId} ${one.reason} ${'error' in one ? one.error.message : ''}`);
        for (const complaint of complaints) problems.push(`calm run: ${complaint}`);
        const lost = outcomes.some(({ reason }) => reason === 'lost');
        if (summary.exitCode !== (lost ? 3 : 0)) problems.push(`calm run: exit ${summary.exitCode}`);
      }
      for (const backup of backups) {
        if (backup.lostIn === undefined && manifestKeyOf(backup) === undefined)
          problems.push(`calm run: ${backup.id} of ${backup.instanceId} is not archived`);
      }
      for (const { key, initiated } of s3.uploads.values()) {
        if (initiated < uploadsOlderThan)
          problems.push(`calm run: an upload to ${key} is left, begun ${new Date(initiated).toISOString()}`);
      }
    },

    look() {
      for (const key of s3.objects.keys()) {
        if (!key.startsWith(CATALOG) || seen.has(key)) continue;
        seen.add(key);
        for (const file of manifestOf(key)?.files ?? []) {
          if (s3.objects.get(file.key)?.size !== file.size)
            problems.push(`${key} was listed before ${file.key} was whole`);
        }
      }
    },

    forget(backups) {
      for (const backup of backups) {
        const key = manifestKeyOf(backup);
        if (key !== undefined) {
          s3.objects.delete(key);
          seen.delete(key);
        }
        const folder = new RegExp(
          `^redis/(data|quarantine)/${backup.source}/${backup.instanceId}/[^/]+_${backup.id}/`,
        );
        for (const data of s3.objects.keys()) {
          if (!folder.test(data)) continue;
          s3.objects.delete(data);
          compared.delete(data);
        }
      }
    },
  };
}

/** The deadline of the run left it, and the cloud deletes it soon: that alone ends a run in 3. */
function isLate({ reason }: { readonly reason: string | null }): boolean {
  return reason === 'deadline';
}
