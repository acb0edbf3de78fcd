/** Which archives there are, at eight bytes each: for who has to know all of them, and can hold the keys of none. */
import type { ArchiveRef } from '../domain/archive-key.ts';
import { toEpoch } from '../domain/instant.ts';

/** The archives of one instance, in the order in which they were entered. */
export interface RollOfInstance {
  readonly source: string;
  readonly instanceId: string;
  readonly size: number;
  /** The position of its first archive among those of all instances; they follow each other. Known when all were entered. */
  readonly offset: number;
  /** Its place among those of this instance; undefined for one that was not entered. */
  placeOf(ref: Pick<ArchiveRef, 'backupId' | 'startedAt'>): number | undefined;
  /** When a backup was started, in seconds since the epoch. */
  startedAt(place: number): number;
}

export interface Roll {
  readonly size: number;
  add(ref: ArchiveRef): void;
  instance(source: string, instanceId: string): RollOfInstance | undefined;
  instances(): Iterable<RollOfInstance>;
  /** From 0, the archives of one instance behind each other; undefined for one that was not entered. Ask when all were. */
  positionOf(ref: ArchiveRef): number | undefined;
}

const GROWTH = 1.25;

/** Archives of an instance are to be entered as the catalog lists them, the oldest first. */
export function createRoll(): Roll {
  const bySource = new Map<string, Map<string, Columns>>();
  const all: Columns[] = [];
  let size = 0;
  let numbered = 0;

  /** Positions, once nothing is entered any more. */
  function number(): void {
    if (numbered === size) return;
    let offset = 0;
    for (const columns of all) {
      columns.offset = offset;
      offset += columns.size;
    }
    numbered = size;
  }

  function instance(source: string, instanceId: string): Columns | undefined {
    return bySource.get(source)?.get(instanceId);
  }

  return {
    get size() {
      return size;
    },
    add(ref) {
      const { source, instanceId } = ref;
      const instances = bySource.get(source) ?? new Map<string, Columns>();
      bySource.set(source, instances);
      let columns = instances.get(instanceId);
      if (columns === undefined) {
        columns = new Columns(source, instanceId);
        instances.set(instanceId, columns);
        all.push(columns);
      }
      columns.add(ref);
      size += 1;
    },
    instance(source, instanceId) {
      number();
      return instance(source, instanceId);
    },
    instances() {
      number();
      return all;
    },
    positionOf(ref) {
      const columns = instance(ref.source, ref.instanceId);
      const place = columns?.placeOf(ref);
      if (columns === undefined || place === undefined) return undefined;
      number();
      return columns.offset + place;
    },
  };
}

class Columns implements RollOfInstance {
  readonly source: string;
  readonly instanceId: string;
  size = 0;
  offset = 0;
  #started = new Uint32Array(8);
  #marks = new Uint32Array(8);

  constructor(source: string, instanceId: string) {
    this.source = source;
    this.instanceId = instanceId;
  }

  add({ backupId, startedAt }: ArchiveRef): void {
    if (this.size === this.#started.length) {
      this.#started = grown(this.#started);
      this.#marks = grown(this.#marks);
    }
    this.#started[this.size] = secondsOf(startedAt);
    this.#marks[this.size] = markOf(backupId);
    this.size += 1;
  }

  placeOf({ backupId, startedAt }: Pick<ArchiveRef, 'backupId' | 'startedAt'>): number | undefined {
    const [started, mark] = [secondsOf(startedAt), markOf(backupId)];
    for (let place = this.#firstAt(started); this.#started[place] === started; place += 1) {
      if (place === this.size) return undefined;
      if (this.#marks[place] === mark) return place;
    }
    return undefined;
  }

  startedAt(place: number): number {
    return this.#started[place] ?? 0;
  }

  #firstAt(started: number): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.startedAt(middle) < started) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function grown(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.ceil(column.length * GROWTH) + 8);
  larger.set(column);
  return larger;
}

const LATEST = 2 ** 32 - 1;

/** What is from before 1970 or after 2105 was dated by a clock that was wrong: all of it counts as the same moment, and its id tells it apart. */
function secondsOf(startedAt: string): number {
  return Math.min(LATEST, Math.max(0, Math.floor(toEpoch(startedAt) / 1000)));
}

/** FNV-1a, 32 bits. Two backups of one instance, started in the same second, with ids of the same mark: one in four thousand million. */
function markOf(backupId: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < backupId.length; index += 1)
    hash = Math.imul(hash ^ backupId.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
