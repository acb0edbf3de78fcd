/**
 * MD5 of two messages of one length side by side. Each step of an MD5 waits for the step before it, so one message leaves half of the
 * processor idle; two fill it: 1.2 GB/s against 0.8 of OpenSSL's one after the other (bench/parts.ts). WebAssembly, because JavaScript has no
 * rotation. The algorithm is RFC 1321's; `tableOf` is its T, `mixed` its F to I.
 */
import { type Code, get, i32, repeatWhile, set, startModule, writeModule } from './web-assembly.ts';

/** Bytes. */
const BLOCK = 64;
const DIGEST = 16;
/** In the module's memory: two registers of four words, then a stretch of each message. */
const STRETCH = 64 * 1024;
const FIRST = 2 * DIGEST;
const SECOND = FIRST + STRETCH;

interface Engine {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Takes in the blocks of both messages, from these addresses; the first one's end at `end`. At least one each. */
  blocks(first: number, second: number, end: number): void;
}

/** RFC 1321, section 3.3: what a register holds before the first block. */
const BEGINNING = Buffer.from('0123456789abcdeffedcba9876543210', 'hex');
/** Section 3.4: which word of the block each step takes, how far it rotates, and what it adds. */
const wordOf = (step: number): number =>
  [step, 5 * step + 1, 3 * step + 5, 7 * step].map((word) => word % 16)[step >> 4] ?? 0;
const ROTATIONS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const rotationOf = (step: number): number => ROTATIONS[(step >> 4) * 4 + (step % 4)] ?? 0;
const tableOf = (step: number): number => Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32) | 0;

let engine: Engine | undefined;

/** The two digests, 16 bytes each. Throws a `RangeError` for messages of two lengths. */
export function md5Pair(one: Uint8Array, other: Uint8Array): readonly [Buffer, Buffer] {
  if (one.length !== other.length) throw new RangeError('two messages of one length were expected');
  engine ??= startModule(program()) as Engine;
  const memory = Buffer.from(engine.memory.buffer);
  BEGINNING.copy(memory, 0);
  BEGINNING.copy(memory, DIGEST);
  const whole = one.length - (one.length % BLOCK);
  for (let position = 0; position < whole; position += STRETCH) {
    const end = Math.min(position + STRETCH, whole);
    memory.set(one.subarray(position, end), FIRST);
    memory.set(other.subarray(position, end), SECOND);
    engine.blocks(FIRST, SECOND, FIRST + end - position);
  }
  const [tail, otherTail] = [endOf(one, whole), endOf(other, whole)];
  memory.set(tail, FIRST);
  memory.set(otherTail, SECOND);
  engine.blocks(FIRST, SECOND, FIRST + tail.length);
  return [Buffer.from(memory.subarray(0, DIGEST)), Buffer.from(memory.subarray(DIGEST, 2 * DIGEST))];
}

/** Sections 3.1 and 3.2: the last bytes, a bit, zeros, and the length in bits, up to a whole number of blocks. */
function endOf(message: Uint8Array, from: number): Buffer {
  const rest = message.subarray(from);
  const padded = Buffer.alloc(rest.length + 9 <= BLOCK ? BLOCK : 2 * BLOCK);
  padded.set(rest);
  padded[rest.length] = 0x80;
  padded.writeBigUInt64LE(8n * BigInt(message.length), padded.length - 8);
  return padded;
}

/** The loop over the blocks, with the 64 steps of both messages written out, in turn. */
function program(): Uint8Array<ArrayBuffer> {
  const end = 2;
  /** Local variables: of each message the registers of the block, and those before it. */
  const lanes = [
    { pointer: 0, registers: [3, 4, 5, 6], before: [7, 8, 9, 10], home: 0 },
    { pointer: 1, registers: [11, 12, 13, 14], before: [15, 16, 17, 18], home: DIGEST },
  ];

  const step = (index: number, [a = 0, b = 0, c = 0, d = 0]: readonly number[], pointer: number): Code => {
    const word = i32.load(get(pointer), 4 * wordOf(index));
    const sum = [get(a), i32.constant(tableOf(index)), word, ...mixed(index, b, c, d)].reduce(i32.add);
    return set(a, i32.add(i32.rotateLeft(sum, rotationOf(index)), get(b)));
  };
  const steps = Array.from({ length: 64 }, (_, index) =>
    lanes.flatMap(({ pointer, registers }) => step(index, turned(registers, index), pointer)),
  );
  const registers = lanes.flatMap(({ registers, before, home }) =>
    registers.map((register, index) => ({ register, before: before[index] ?? 0, home: home + 4 * index })),
  );
  const body = [
    ...registers.flatMap(({ before, home }) => set(before, i32.load(i32.constant(home)))),
    ...repeatWhile(
      i32.lessThan(get(0), get(end)),
      ...registers.map(({ register, before }) => set(register, get(before))),
      ...steps,
      ...registers.map(({ register, before }) => set(before, i32.add(get(before), get(register)))),
      ...lanes.map(({ pointer }) => set(pointer, i32.add(get(pointer), i32.constant(BLOCK)))),
    ),
    ...registers.flatMap(({ before, home }) => i32.store(i32.constant(home), 0, get(before))),
  ];
  const blocks = {
    name: 'blocks',
    parameters: ['i32', 'i32', 'i32'] as const,
    locals: Array.from({ length: 16 }, () => 'i32' as const),
    body,
  };
  return writeModule([blocks], SECOND + STRETCH);
}

/** The registers in their roles at this step: each step's result is the next one's `b`. */
function turned(registers: readonly number[], step: number): readonly number[] {
  return registers.map((_, role) => registers[(role + 64 - step) % 4] ?? 0);
}

/** F, G, H or I, as terms of a sum. G's halves have no bit in common, so the one that does not wait for `b` may be added before. */
function mixed(step: number, b: number, c: number, d: number): readonly Code[] {
  const [x, y, z] = [get(b), get(c), get(d)];
  if (step < 16) return [i32.xor(z, i32.and(x, i32.xor(y, z)))];
  if (step < 32) return [i32.and(i32.not(z), y), i32.and(z, x)];
  if (step < 48) return [i32.xor(x, i32.xor(y, z))];
  return [i32.xor(y, i32.or(x, i32.not(z)))];
}
