/** Dumps of servers old, new and unheard of: what is sound is archived, and what is odd about it is told. */
import { describe, expect, it } from 'vitest';
import { bytesDump } from '../../src/sandbox/dump.ts';
import { RDB_SAMPLES } from '../support/rdb-samples.ts';
import { bytes, dump, key, string } from '../support/rdb-writer.ts';
import {
  createScenario,
  INSTANCE,
  only,
  type Run,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const { signal } = new AbortController();
const records = [key(0, 'key', string('value'))];
const MARK = Buffer.alloc(40, 'e');

/** An instance with one backup of this one dump. */
function holding(file: Buffer, more: ScenarioOptions = {}): Promise<Scenario> {
  return createScenario({
    ...more,
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      const files = [{ name: 'redis-1.rdb', dump: bytesDump(file) }];
      world.addBackup(INSTANCE, { id: 'one', startedAt: clock.now() - 3_600_000, files });
    },
  });
}

const factsOf = (scenario: Scenario) => scenario.manifests().get('one')?.files[0]?.rdb;
const warningsOf = (run: Run) => run.of('warning').map(({ message }) => message);

const DAMAGED = {
  message: expect.stringContaining('is damaged, however often it is fetched'),
  hint: expect.stringContaining("The cloud's own copy is damaged"),
};
/** Nobody is blamed. */
const UNPROVED = {
  message:
    'nothing proves that the dump of backup one of crs-orders01 is whole: redis-1.rdb: 40 bytes follow its end, and it has no checksum that proves what is before them',
  hint: expect.stringContaining('a server may well load it'),
};

/** What every reader of the archive says of it. */
async function readBack(scenario: Scenario) {
  const written: Uint8Array[] = [];
  const write = async (chunk: Uint8Array) => void written.push(Uint8Array.from(chunk));
  const choice = { instanceId: INSTANCE, signal };
  const verified = await scenario.app.verify({ ...choice, quick: false });
  const restored = await scenario.app.restore({ ...choice, to: { kind: 'stream', write } });
  return {
    verified: verified.exitCode,
    restored: restored.items.map(({ result }) => result),
    restoredBytes: Buffer.concat(written),
  };
}

describe('a dump of a real server', () => {
  it.each(RDB_SAMPLES.map((sample) => [sample.name, sample] as const))(
    'is archived, verified and restored without a word: %s',
    async (_, { bytes: file, expected }) => {
      const scenario = await holding(file);
      const run = await scenario.run();
      expect(only(run)).toMatchObject({ outcome: 'archived', reason: null });
      expect(run.summary.exitCode).toBe(0);
      expect(warningsOf(run)).toEqual([]);
      const [family, serverVersion] = expected.server.split('-');
      expect(factsOf(scenario)).toMatchObject({ family, serverVersion });
      expect(await readBack(scenario)).toEqual({
        verified: 0,
        restored: ['restored'],
        restoredBytes: file,
      });
    },
  );
});

describe('a dump that is odd, and sound by its checksum', () => {
  it.each([
    ['of a version to come', dump(records, { version: 99 }), undefined],
    ['of a version of Valkey to come', dump(records, { magic: 'VALKEY099' }), undefined],
    [
      'of a server that nobody knows',
      dump(records, { magic: 'OTHERS001' }),
      'redis-1.rdb of backup one begins with "OTHERS001", which this version does not know; its CRC-64 is right, so it was archived as it is',
    ],
    [
      'with a mark behind its end',
      dump(records, { after: MARK }),
      'redis-1.rdb of backup one has 40 bytes behind its end; the CRC-64 before them is right, so it was archived as it is',
    ],
  ])('%s is archived, and told where something is to tell', async (_, file, warning) => {
    const scenario = await holding(file);
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived' });
    expect(run.summary.exitCode).toBe(0);
    expect(warningsOf(run)).toEqual(warning === undefined ? [] : [warning]);
    expect(factsOf(scenario)).toMatchObject({ checksum: 'verified' });
    expect(await readBack(scenario)).toEqual({ verified: 0, restored: ['restored'], restoredBytes: file });
  });

  it.each([
    ['more bytes behind its end than a run looks through', Buffer.alloc(10_000, 1)],
    ['another whole dump behind its end', dump([key(0, 'k', string('v'.repeat(5000)))])],
  ])('with %s is archived by a run that inspects, told, and proved ever after', async (_, after) => {
    const file = dump(records, { after });
    const scenario = await holding(file, { config: { inspect: true } });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived' });
    expect(warningsOf(run)).toEqual([
      `redis-1.rdb of backup one has ${after.length} bytes behind its end; the CRC-64 before them is right, so it was archived as it is`,
    ]);
    expect(factsOf(scenario)).toMatchObject({ checksum: 'verified', trailingBytes: after.length });
    expect(await readBack(scenario)).toEqual({ verified: 0, restored: ['restored'], restoredBytes: file });
    expect((await scenario.app.inspect({ instanceId: INSTANCE, top: 1, signal })).exitCode).toBe(0);
  });

  it('with more bytes behind its end than a run looks through is archived all the same, told, and proved ever after', async () => {
    const file = dump(records, { after: Buffer.alloc(10_000, 0xff) });
    const scenario = await holding(file);
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived' });
    expect(run.summary.exitCode).toBe(0);
    expect(warningsOf(run)).toEqual([
      'redis-1.rdb of backup one has 10000 bytes behind its end; the CRC-64 before them is right, so it was archived as it is',
    ]);
    // Nobody asked for its keys to be counted.
    expect(factsOf(scenario)).toEqual({
      version: 11,
      family: 'redis',
      checksum: 'verified',
      trailingBytes: 10_000,
    });
    expect(scenario.keys('quarantine')).toEqual([]);
    expect(await readBack(scenario)).toEqual({ verified: 0, restored: ['restored'], restoredBytes: file });
  });

  it('has what is odd about it in its manifest', async () => {
    const scenario = await holding(dump(records, { magic: 'OTHERS001', after: MARK }));
    await scenario.run();
    expect(factsOf(scenario)).toEqual({
      version: 0,
      magic: 'OTHERS001',
      checksum: 'verified',
      trailingBytes: 40,
    });
  });
});

describe('what does not even begin as a dump', () => {
  it.each([
    ['zeros', bytes(Buffer.alloc(16), dump(records))],
    ["an internal service's answer", Buffer.from('AccessKey: hush-hush-hush\nToken: hush-hush\n')],
    ['other bytes', Buffer.alloc(5000, 0xab)],
  ])('is no quarantine case, and not a byte of it is told or kept: %s', async (_, file) => {
    const scenario = await holding(file);
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'download-failed' });
    expect(run.summary.exitCode).toBe(3);
    expect(JSON.stringify(run.events)).not.toContain('hush');
    expect(scenario.keys()).toEqual([]);
  });
});

describe('a dump that nothing proves', () => {
  it.each([
    ['of a server that nobody knows', dump(records, { magic: 'OTHERS001', checksum: false }), DAMAGED],
    ['cut off, with bytes behind', bytes(dump(records).subarray(0, -1), MARK), DAMAGED],
    ['with bytes behind an end of zeros', dump(records, { checksum: false, after: MARK }), UNPROVED],
  ])('%s goes to quarantine', async (_, file, error) => {
    const scenario = await holding(file);
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'corrupt-source', error });
    expect(run.summary.exitCode).toBe(3);
    expect(scenario.keys('catalog')).toEqual([]);
    expect(scenario.keys('quarantine')).toHaveLength(2);
  });
});
