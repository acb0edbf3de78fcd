/** Which of several servers a drill takes, and what each one's word is worth; played by scripts around the real server that is there. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Drillground, dumpBytes, openDrillground } from '../support/drill.ts';
import { describeWith } from '../support/needs.ts';
import { moduleId } from '../support/rdb-fixtures.ts';
import {
  auxiliary,
  bytes,
  dump,
  expireAt,
  key,
  length,
  selectDatabase,
  string,
} from '../support/rdb-writer.ts';

/** A server that calls itself something else and begins with these lines of bash. */
function playing(ground: Drillground, name: string, body = ''): string {
  const [product, version] = name.split(' ');
  return ground.script(
    `[[ $1 == --version ]] && { echo "${product} server v=${version} sha=0"; exit; }\n${body}\nexec $SERVER "$@"`,
  );
}

/** It loads something else in place of the dump that it is given. */
function loading(ground: Drillground, name: string, other: Uint8Array): string {
  const path = join(ground.scratch, '..', `${name.replaceAll(' ', '-')}.rdb`);
  writeFileSync(path, other);
  return playing(ground, name, `cp -f ${path} dump.rdb`);
}

const IN_2100 = 4_102_444_800_000;
const a = key(0, 'a', string('x'));
const b = key(0, 'b', string('x'));
const by = (server: string, ...records: Uint8Array[]) => {
  const [product, version = ''] = server.split(' ');
  const field = product === 'Valkey' ? 'valkey-ver' : 'redis-ver';
  return dump([auxiliary(field, version), selectDatabase(0), ...records], { version: 9 });
};
const duplicate = [a, a];
const nobodyKnows = key(0x7e, 'new', string('x'));

describeWith(['redis-server'], 'of several servers a drill', () => {
  test('takes the first that loads the dump, says why, and why not the others', async () => {
    const ground = openDrillground();
    await ground.archive([dumpBytes('standard-1.rdb')]);
    const old = playing(ground, 'Redis 6.2.14', 'echo "nobody should start it"; exit 1');
    const item = await ground.only({ servers: [old, 'redis-server'] });
    expect(item).toMatchObject({ outcome: 'passed', server: expect.stringMatching(/^Redis \d/) });
    expect(item.trials).toMatchObject([
      { file: 'dump.rdb', path: expect.stringMatching(/redis-server$/), relaxed: false, result: 'loaded' },
      { server: 'Redis 6.2.14', path: old, result: 'passed-over' },
    ]);
    expect(item.trials.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^it loads dumps of Redis 7/),
      'Redis 6.2.14 does not read RDB version 10 of Redis',
    ]);
  });

  test('finds them in the configuration and in PATH, each program once', async () => {
    const ground = openDrillground();
    await ground.archive([by('Valkey 8.0.1', a)]);
    const valkey = playing(ground, 'Valkey 8.1.1');
    const { server, trials } = await ground.only({}, { servers: [valkey, 'redis-server'] });
    expect(server).toBe('Valkey 8.1.1');
    expect(trials).toHaveLength(1);
    const alone = await ground.only({}, { server: 'redis-server' });
    expect(alone.server).toMatch(/^Redis/);
  });

  test('prefers one that descends from the writer and is as new, whatever their order', async () => {
    const ground = openDrillground();
    await ground.archive([by('Redis 7.0.9', a)]);
    const servers = ['Redict 7.3.6', 'Redis 7.0.8', 'Redis 7.0.9'].map((name) => playing(ground, name));
    expect(await ground.only({ servers })).toMatchObject({ outcome: 'passed', server: 'Redis 7.0.9' });
  });

  test('tells one to be lenient only where that helps', async () => {
    const ground = openDrillground();
    await ground.archive([dump([selectDatabase(0), a], { version: 12 })]);
    const other = dump([selectDatabase(0), a], { version: 9 });
    const path = join(ground.scratch, '..', 'other.rdb');
    writeFileSync(path, other);
    const lenient = playing(
      ground,
      'Valkey 9.1.2',
      `[[ "\${@: -2}" == "--rdb-version-check relaxed" ]] || exit 7
       cp -f ${path} dump.rdb; set -- "\${@:1:$#-2}"`,
    );
    const item = await ground.only({ servers: [lenient] });
    expect(item).toMatchObject({ outcome: 'passed', trials: [{ relaxed: true, result: 'loaded' }] });
    expect(item.trials[0]?.detail).toContain('with rdb-version-check relaxed');
  });

  test('says what it needs where none fits', async () => {
    const ground = openDrillground();
    await ground.archive([dump([selectDatabase(0), a], { version: 13 })]);
    const servers = ['Redis 7.2.4', 'Valkey 8.1.1'].map((name) => playing(ground, name, 'exit 7'));
    const item = await ground.only({ servers });
    expect(item).toMatchObject({ outcome: 'not-drillable', reason: 'server-too-old', exitCode: 3 });
    expect(item.hint).toContain('It needs Redis 8.6 or newer, or Valkey 9.0 or newer told to be lenient');
    const [, valkey = ''] = servers;
    expect(await ground.only({ servers: [valkey] })).toMatchObject({ reason: 'other-family', exitCode: 3 });
  });

  test('passes an archive that one server holds, though another refuses it, and keeps what that said', async () => {
    const ground = openDrillground();
    await ground.archive([by('Redis 7.0.9', a)]);
    const broken = playing(ground, 'Redis 7.0.10', 'echo "Internal error in RDB reading offset 9"; exit 1');
    const item = await ground.only({ servers: [broken, playing(ground, 'Redis 7.0.11')] });
    expect(item).toMatchObject({ outcome: 'passed', reason: null, exitCode: 0, server: 'Redis 7.0.11' });
    expect(item.detail).toContain('but Redis 7.0.10 does not take the dump');
    expect(item.trials).toMatchObject([{ result: 'refused' }, { result: 'loaded' }]);
  });

  test('asks each for its modules once, and only where a dump needs some', async () => {
    const ground = openDrillground();
    const told = join(ground.scratch, '..', 'starts');
    // Whatever it is started for, it has no dump then.
    const server = playing(ground, 'Redis 7.0.9', `[[ -f dump.rdb ]] || echo asked >> ${told}`);
    await ground.archive([by('Redis 7.0.9', a)], { backupId: '0', instanceId: 'crs-plain' });
    await ground.drill({ sample: { count: 1 }, servers: [server] });
    expect(existsSync(told)).toBe(false);

    const json = key(7, 'document', length(moduleId('ReJSON-RL', 3)), length(0));
    for (const backupId of ['1', '2']) await ground.archive([by('Redis 7.0.9', json)], { backupId });
    const { listing } = await ground.drill({ sample: { count: 3 }, servers: [server] });
    const lacking = listing.items.filter(({ reason }) => reason === 'module-missing');
    expect(lacking.map(({ detail }) => detail)).toEqual(Array(2).fill('Redis 7.0.9 lacks the module ReJSON'));
    expect(lacking[0]?.hint).toContain(
      'with the module ReJSON. Name a script that starts it with its modules',
    );
    expect(readFileSync(told, 'utf8')).toBe('asked\n');
  });

  test('is not kept from it by one in PATH that does not start', async () => {
    const ground = openDrillground();
    await ground.archive([by('Redis 7.0.9', a)]);
    const broken = ground.script('exit 1');
    const folder = join(broken, '..');
    writeFileSync(join(folder, 'keydb-server'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const searchPath = `${folder}:${process.env['PATH']}`;
    expect(await ground.only({}, { searchPath })).toMatchObject({ outcome: 'passed' });
  });
});

describeWith(['redis-server'], 'no damage is', () => {
  test.each([
    ['a refusal by an older server', 'Redis 7.0.9', 'Redis 7.0.8', 'server-too-old'],
    ['a refusal by a server of another family', 'Valkey 8.0.1', 'Redis 7.2.4', 'other-family'],
    ['a refusal by a fork of it', 'Redis 7.0.9', 'Redict 7.3.6', 'other-family'],
  ])('%s', async (_what, writer, name, reason) => {
    const ground = openDrillground();
    await ground.archive([by(writer, ...duplicate)]);
    const item = await ground.only({ servers: [playing(ground, name)] });
    expect(item).toMatchObject({ outcome: 'not-drillable', reason, exitCode: 3 });
    expect(item.detail).toContain('duplicated key');
    expect(item.hint).toContain(`It needs ${writer} or newer`);
    expect(item.trials).toMatchObject([{ result: reason, said: expect.stringContaining('duplicated key') }]);
  });

  test.each([
    ['another family', 'Valkey 8.0.1', 'Redis 7.2.4', 'other-family'],
    ['an older server', 'Redis 7.0.9', 'Redis 7.0.8', 'server-too-old'],
  ])('a key that is missing in %s', async (_what, writer, name, reason) => {
    const ground = openDrillground();
    await ground.archive([by(writer, a, b)]);
    const item = await ground.only({ servers: [loading(ground, name, by(writer, a))] });
    expect(item).toMatchObject({ outcome: 'not-drillable', reason, exitCode: 3 });
    expect(item.detail).toContain('database 0 holds 1 keys where the dump has 2');
  });

  test.each([
    ['a checksum that we have just found right', 'Wrong RDB checksum expected: (1) but got (2).'],
    ['an end that we have just seen', 'Short read or OOM loading DB. Unrecoverable error, aborting now.'],
    ['a reason that nobody knows', 'The moon is in the wrong quarter.'],
  ])('%s', async (_what, words) => {
    const ground = openDrillground();
    await ground.archive([by('Redis 7.0.9', a)]);
    const item = await ground.only({
      servers: [playing(ground, 'Redis 7.0.9', `echo "${words}"; exit 1`)],
    });
    expect(item).toMatchObject({ outcome: 'not-drillable', reason: 'server-failed', exitCode: 3 });
    expect(item.trials).toMatchObject([{ said: words }]);
  });

  test.each([
    ['a crash of a server that crashes without a dump too', 'kill -SEGV $$'],
    [
      'a report of one, on a machine that lacks an instruction',
      'echo "=== REDIS BUG REPORT START: Cut & paste starting from here ==="; kill -ILL $$',
    ],
  ])('%s', async (_what, body) => {
    const ground = openDrillground();
    await ground.archive([by('Redis 7.0.9', a)]);
    const item = await ground.only({ servers: [playing(ground, 'Redis 7.0.9', body)] });
    expect(item).toMatchObject({ outcome: 'not-drillable', reason: 'server-failed', exitCode: 3 });
    expect(item.detail).toContain('without a dump');
    // Over a dump only, it is the dump's.
    const once = playing(ground, 'Redis 7.0.9', `if [[ -f dump.rdb ]]; then ${body}; fi`);
    expect(await ground.only({ servers: [once] })).toMatchObject({ reason: 'refused', exitCode: 4 });
  });

  test('a type that a server as new as the writer does not know, where our reader stumbles too; nor does it need one as new as it is', async () => {
    const ground = openDrillground();
    await ground.archive([by('Redis 7.0.9', key(0, 'b', 0xc7))]);
    const words =
      'Internal error in RDB reading offset 0, function at rdb.c:384 -> Unknown RDB string encoding type 63';
    const server = (name: string) => playing(ground, name, `echo "${words}"; exit 1`);
    const item = await ground.only({ servers: [server('Redis 7.0.10')] });
    expect(item).toMatchObject({ outcome: 'not-drillable', reason: 'not-understood', exitCode: 3 });
    expect(item.hint).not.toContain('that one wrote it');
    const older = await ground.only({ servers: [server('Redis 7.0.8')] });
    expect(older).toMatchObject({ reason: 'server-too-old', exitCode: 3 });
    expect(older.hint).toContain('It needs Redis 7.0.9 or newer: that one wrote it');
  });

  test('a module that does not read its value, or one that is not there', async () => {
    const ground = openDrillground();
    await ground.archive([by('Redis 7.0.9', a)]);
    for (const words of [
      "The RDB file contains module data I can't load: no matching module type 'graphdata'",
      "The RDB file contains module data for the module type 'graphdata', that the responsible module is not able to load.",
    ]) {
      const server = playing(ground, 'Redis 7.0.9', `echo "${words}"; exit 1`);
      expect(await ground.only({ servers: [server] })).toMatchObject({
        reason: 'module-missing',
        hint: expect.stringContaining(', with the module graph. Name a script'),
        exitCode: 3,
      });
    }
  });

  test('that slots of a cluster were on their way, on which Valkey crashes', async () => {
    const ground = openDrillground();
    const moving = bytes(243, string('job'), length(1), length(5), length(7));
    await ground.archive([dump([selectDatabase(0), a, moving], { magic: 'VALKEY080' })]);
    const servers = ['Redis 8.6.3', 'Valkey 9.1.2', 'Valkey 9.9.0'].map((name) =>
      playing(ground, name, 'kill -SEGV $$'),
    );
    const item = await ground.only({ servers });
    expect(item).toMatchObject({ outcome: 'not-drillable', reason: 'slots-moving', exitCode: 3 });
    expect(item.detail).toContain(
      'Valkey 9.1.2 loads slots that were on their way only as a node of a cluster',
    );
    expect(item.hint).toContain('a backup that was made while no slots moved');
    expect(item.trials.map(({ result }) => result)).toEqual(Array(3).fill('passed-over'));
  });

  test('that KeyDB counts as expiring what has members that do', async () => {
    const ground = openDrillground();
    const members = [auxiliary('keydb-subexpire-key', 'm'), auxiliary('keydb-subexpire-when', '1')];
    await ground.archive([by('Redis 6.3.4', a, ...members)]);
    const expiring = by('Redis 6.3.4', expireAt(IN_2100), a);
    expect(await ground.only({ servers: [loading(ground, 'KeyDB 6.3.4', expiring)] })).toMatchObject({
      outcome: 'passed',
    });
    expect(await ground.only({ servers: [loading(ground, 'Redis 7.0.9', expiring)] })).toMatchObject({
      reason: 'keys-differ',
    });
  });
});

describeWith(['redis-server'], 'a dump with a type that only a newer server knows', () => {
  const archived = by('Redis 99.0.0', a, nobodyKnows, b);

  test('passes in part where such a server loads it and holds at least what could be counted', async () => {
    const ground = openDrillground();
    const ref = await ground.archive([archived]);
    const item = await ground.only({
      servers: [loading(ground, 'Redis 99.0.0', by('Redis 99.0.0', a, key(0, 'new', string('x')), b))],
    });
    expect(item).toMatchObject({ outcome: 'passed', partial: true, keys: 3, exitCode: 0 });
    expect(item.files).toMatchObject([{ loaded: 3, comparedTo: archived.indexOf(nobodyKnows) }]);
    expect(item.detail).toMatch(
      /^Redis 99\.0\.0 loaded all of dump\.rdb, 3 keys; only the 1 before byte \d+/,
    );
    expect(ground.recordOf(ref)).toMatchObject({ outcome: 'passed', partial: true });
  });

  test('has lost keys where the server holds fewer than could be counted', async () => {
    const ground = openDrillground();
    await ground.archive([archived]);
    const empty = by('Redis 99.0.0');
    const item = await ground.only({ servers: [loading(ground, 'Redis 99.0.0', empty)] });
    expect(item).toMatchObject({ outcome: 'failed', reason: 'keys-differ', exitCode: 4 });
    expect(item.detail).toContain('database 0 holds 0 keys where the dump has at least 1');
  });

  test('is given databases enough for what could not be counted', async () => {
    const ground = openDrillground();
    await ground.archive([archived]);
    const beyond = dump([auxiliary('redis-ver', '9'), selectDatabase(0), a, selectDatabase(200), b], {
      version: 9,
    });
    const item = await ground.only({ servers: [loading(ground, 'Redis 99.0.0', beyond)] });
    expect(item).toMatchObject({ outcome: 'passed', partial: true });
  });

  test.each([
    [
      'Short read or OOM loading DB. Unrecoverable error, aborting now.',
      'could not read the dump to its end',
    ],
    [
      'FATAL: Data file was created with a Redis server configured to handle more than 1024 databases. Exiting',
      'was given 1024 databases',
    ],
  ])('is not damaged because a server says: %s', async (words, detail) => {
    const ground = openDrillground();
    await ground.archive([archived]);
    const server = playing(ground, 'Redis 99.0.0', `echo "${words}"; echo; exit 1`);
    const item = await ground.only({ servers: [server] });
    expect(item).toMatchObject({ outcome: 'not-drillable', reason: 'not-understood', exitCode: 3 });
    expect(item.detail).toContain(detail);
    expect(item.trials).toMatchObject([{ said: words }]);
  });

  test('is not drillable where there is none, and nobody calls it damaged', async () => {
    const ground = openDrillground();
    await ground.archive([archived]);
    const item = await ground.only();
    expect(item).toMatchObject({ outcome: 'not-drillable', reason: 'server-too-old', exitCode: 3 });
    expect(item.hint).toContain('It needs a newer Redis than');
  });
});

describeWith(['redis-server'], 'a dump that begins as nobody knows', () => {
  const archived = dump([selectDatabase(0), a], { magic: 'OTHER0009' });

  test('is asked of no server that would stumble over its first byte', async () => {
    const ground = openDrillground();
    await ground.archive([archived]);
    const item = await ground.only({ servers: [playing(ground, 'Redis 8.6.3', 'exit 7')] });
    expect(item).toMatchObject({ outcome: 'not-drillable', reason: 'other-family', exitCode: 3 });
    expect(item.detail).toBe('Redis 8.6.3 does not know how the dump begins');
    expect(item.hint).toContain('It needs a server of the engine that wrote it.');
  });

  test('passes in part in a server of which nobody knows what it loads', async () => {
    const ground = openDrillground();
    await ground.archive([archived]);
    const server = loading(ground, 'Other 1.0', by('Redis 7.0.9', a));
    expect(await ground.only({ servers: [server] })).toMatchObject({
      ...{ outcome: 'passed', partial: true, keys: 1, files: [{ comparedTo: 0 }] },
    });
  });
});
