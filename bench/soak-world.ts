/** For `bench/soak.ts`: a cloud whose backups come and go, so that it stays small for hours. */
import { createHash } from 'node:crypto';
import type { Dump } from '../src/sandbox/dump.ts';
import { SMALLEST_SYNTHETIC_DUMP, syntheticDump } from '../src/sandbox/synthetic-dump.ts';
import { type BackupStatus, createWorld, type World } from '../src/sandbox/world.ts';
import type { Dice } from './soak-dice.ts';
import { SOURCES } from './soak-words.ts';

const HOUR_MS = 3_600_000;
const MiB = 1024 * 1024;
const LARGEST = 64 * MiB;
/** In three shards each is a third, so that no backup costs a round too much. */
const INSTANCES = [
  { source: 0, id: 'crs-single01', files: 1 },
  { source: 0, id: 'crs-shards02', files: 3 },
  { source: 0, id: 'crs-another3', files: 1 },
  { source: 1, id: 'crs-older004', files: 1 },
  { source: 1, id: 'crs-older005', files: 1 },
] as const;
/** Rounds that the cloud goes on to list a backup which it has deleted. */
const LISTED_AFTER = 2;

export interface LiveBackup {
  readonly source: string;
  readonly instanceId: string;
  readonly id: string;
  readonly startedAt: number;
  readonly files: readonly { readonly name: string; readonly dump: Dump; readonly sha256: string }[];
  /** The rounds in which it appears and in which the cloud deletes it, unless that happens earlier. */
  readonly since: number;
  readonly until: number;
  /** The round in which the cloud has deleted it. */
  lostIn?: number;
}

export interface ChangingWorld {
  /** For the sandbox: always the world of now. */
  readonly world: World;
  /** All that are listed, those that were deleted lately too. */
  readonly backups: readonly LiveBackup[];
  /** New ones come, some old ones go, and what has been gone for a while is forgotten: those are returned. */
  turn(round: number, dice: Dice): LiveBackup[];
  /** The cloud deletes it now. */
  lose(backup: LiveBackup): void;
}

export function createChangingWorld(clock: { now(): number }): ChangingWorld {
  let inner = createWorld(clock);
  let backups: LiveBackup[] = [];
  let now = 0;

  const status = ({ lostIn }: LiveBackup): BackupStatus => (lostIn === undefined ? 2 : -1);

  /** A world never forgets, so a new one is made of what is left. */
  function build(): void {
    const next = createWorld(clock);
    for (const { source, id, files } of INSTANCES)
      next.addInstance({ id, name: id, region: SOURCES[source].region, shards: files });
    for (const backup of backups)
      next.addBackup(backup.instanceId, { ...backup, status: status(backup), files: [...backup.files] });
    inner = next;
  }

  return {
    world: new Proxy(inner, { get: (_, name) => Reflect.get(inner, name) as unknown }),
    get backups() {
      return backups;
    },

    turn(round, dice) {
      now = round;
      for (const backup of backups) if (backup.until === round) backup.lostIn ??= round;
      const forgotten = backups.filter(({ lostIn }) => lostIn !== undefined && round - lostIn > LISTED_AFTER);
      backups = backups.filter((backup) => !forgotten.includes(backup));
      const fresh = dice.between(3, 7);
      for (let index = 0; index < fresh; index += 1)
        backups.push(newBackup(`backup-${round}-${index}`, round, clock.now(), dice));
      build();
      return forgotten;
    },

    lose(backup) {
      backup.lostIn ??= now;
      inner.changeBackup(backup.instanceId, backup.id, { status: -1 });
    },
  };
}

function newBackup(id: string, round: number, now: number, dice: Dice): LiveBackup {
  const { source, id: instanceId, files } = dice.oneOf(INSTANCES);
  const largest = Math.floor(LARGEST / files);
  return {
    source: SOURCES[source].name,
    instanceId,
    id,
    // Whole seconds, as the cloud's; never so old that the cloud would delete it by itself in the meantime.
    startedAt: Math.floor((now - dice.between(1, 120) * HOUR_MS) / 1000) * 1000,
    files: Array.from({ length: files }, (_, index) => {
      const size = dice.spread(SMALLEST_SYNTHETIC_DUMP, largest);
      const dump = syntheticDump({ size, seed: dice.between(1, 2 ** 30) });
      return { name: `redis-${index + 1}.rdb`, dump, sha256: digestOf(dump) };
    }),
    since: round,
    until: round + dice.between(2, 8),
  };
}

function digestOf(dump: Dump): string {
  const hash = createHash('sha256');
  for (const chunk of dump.read(0, dump.size)) hash.update(chunk);
  return hash.digest('hex');
}
