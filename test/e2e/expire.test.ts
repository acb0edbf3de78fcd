/** Retention as an operator meets it: a folder with months of archives, the rules in a file, the command line. */
import { cpSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveLayout } from '../../src/domain/archive-key.ts';
import { toInstant } from '../../src/domain/instant.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import type { ExpireItem } from '../../src/expire/report.ts';
import { DAY_MS } from '../support/builders.ts';
import { INSTANCE } from '../support/scenario.ts';
import { filesBelow, itemsOf, openWorkplace, type Workplace } from '../support/workplace.ts';

const DAYS = 60;
const layout = archiveLayout('');

describe('a folder with two months of archives', () => {
  let work: Workplace;
  let kept = '';

  beforeAll(async () => {
    work = await openWorkplace();
    kept = join(work.cwd, 'kept');
    expect((await work.run(['run'])).code).toBe(0);
    age(kept);
  });
  afterAll(() => work.close());

  test('no rules: nothing to do but to write some, exit 2', async () => {
    const { code, stderr } = await work.run(['expire']);
    expect(code).toBe(2);
    expect(stderr).toContain('no retention is configured');
    expect(stderr).toContain('retention:');
  });

  test('looks, holds, deletes, and every archive that is left still verifies', async () => {
    writeFileSync(join(work.cwd, 'rules.yaml'), 'retention: [{ keepDaily: 7, keepWeekly: 4 }]\n');
    const config = ['--config', 'rules.yaml'];
    const before = filesBelow(kept).length;
    const dry = await work.run(['expire', ...config, '--json']);
    expect(dry.code).toBe(0);
    expect(filesBelow(kept)).toHaveLength(before);
    const planned = itemsOf<ExpireItem>(dry).filter(({ action }) => action === 'expire');
    expect(planned.length).toBeGreaterThan(DAYS - 20);

    const [oldest] = planned;
    const backup = oldest?.backupId ?? '';
    const hold = await work.run(['hold', INSTANCE, backup, '--reason', 'audit', ...config]);
    expect(hold.code).toBe(0);

    const real = await work.run(['expire', '--confirm', ...config, '--json']);
    expect(real.code).toBe(0);
    const gone = itemsOf<ExpireItem>(real).filter(({ action }) => action === 'expired');
    expect(gone.map(({ backupId }) => backupId)).toEqual(planned.slice(1).map(({ backupId }) => backupId));
    expect(filesBelow(join(kept, 'catalog'))).toHaveLength(DAYS + 1 - gone.length);
    for (const key of gone.flatMap(({ deleted }) => deleted)) expect(real.stderr).toContain(key);

    expect((await work.run(['verify', ...config])).code).toBe(0);
    expect((await work.run(['run', ...config])).code).toBe(0);
    expect((await work.run(['release', INSTANCE, backup, '--reason', 'done', ...config])).code).toBe(0);
    const last = await work.run(['expire', '--confirm', ...config]);
    expect(last.stderr).toContain('expired 1 archive');
  }, 60_000);
});

/** Makes of the one archive that is there one for each day before it. */
function age(folder: string): void {
  const [first = ''] = filesBelow(join(folder, 'catalog'));
  const manifest = JSON.parse(readFileSync(first, 'utf8')) as Manifest;
  const [file] = manifest.files;
  if (!file) throw new Error('the archive has no file');
  for (let day = 1; day <= DAYS; day += 1) {
    const started = Date.parse(manifest.backup.startedAt) - day * DAY_MS;
    const id = `old-${day}`;
    const ref = {
      source: manifest.source.name,
      instanceId: manifest.instance.id,
      backupId: id,
      startedAt: toInstant(started),
    };
    const key = layout.dumpKey(ref, 1, 1);
    const backup = {
      ...manifest.backup,
      id,
      startedAt: ref.startedAt,
      expiresAt: toInstant(started + 7 * DAY_MS),
    };
    const older: Manifest = { ...manifest, backup, files: [{ ...file, key }] };
    const paths = [join(folder, key), join(folder, layout.manifestKey(ref))] as const;
    for (const path of paths) mkdirSync(dirname(path), { recursive: true });
    cpSync(join(folder, file.key), paths[0]);
    writeFileSync(paths[1], JSON.stringify(older, undefined, 2));
    for (const path of paths) utimesSync(path, started / 1000, started / 1000);
  }
}
