/** Just enough of WebAssembly's binary format to write a small module by hand (WebAssembly Core Specification 1.0, chapter 5). */

/** Instructions, as they are written one after the other. */
export type Code = readonly number[];

/** The part of the language that we use: its declarations come with a browser's only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const I32 = 0x7f;
const I64 = 0x7e;
const TYPES = { i32: I32, i64: I64 } as const;
const PAGE = 64 * 1024;

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly (keyof typeof TYPES)[];
  readonly result?: keyof typeof TYPES;
  /** Further local variables, numbered after the parameters. */
  readonly locals: readonly (keyof typeof TYPES)[];
  readonly body: Code;
}

/** The module's bytes: these functions, and a memory of so many bytes, all of them exported (the memory as `memory`). */
export function writeModule(functions: readonly WasmFunction[], memory: number): Uint8Array<ArrayBuffer> {
  const exports = [
    [...text('memory'), 0x02, 0],
    ...functions.map(({ name }, index) => [...text(name), 0x00, index]),
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      functions.map(({ parameters, result }) => [
        0x60,
        ...list(parameters.map((type) => [TYPES[type]])),
        ...list(result ? [[TYPES[result]]] : []),
      ]),
    ),
    ...section(
      3,
      functions.map((_, index) => [index]),
    ),
    ...section(5, [[0x00, ...unsigned(Math.ceil(memory / PAGE))]]),
    ...section(7, exports),
    ...section(
      10,
      functions.map(({ locals, body }) => {
        const code = [...list(locals.map((type) => [1, TYPES[type]])), ...body, 0x0b];
        return [...unsigned(code.length), ...code];
      }),
    ),
  ]);
}

/** Compiles the module and starts it; gives what it exports. */
export function startModule(bytes: Uint8Array<ArrayBuffer>): unknown {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
}

export const get = (local: number): Code => [0x20, local];
export const set = (local: number, value: Code): Code => [...value, 0x21, local];

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  load8: (address: Code): Code => [...address, 0x2d, 0, 0],
  load: (address: Code, offset = 0): Code => [...address, 0x28, 2, ...unsigned(offset)],
  store: (address: Code, offset: number, value: Code): Code => [
    ...address,
    ...value,
    0x36,
    2,
    ...unsigned(offset),
  ],
  add: (one: Code, other: Code): Code => [...one, ...other, 0x6a],
  and: (one: Code, other: Code): Code => [...one, ...other, 0x71],
  or: (one: Code, other: Code): Code => [...one, ...other, 0x72],
  xor: (one: Code, other: Code): Code => [...one, ...other, 0x73],
  not: (value: Code): Code => i32.xor(value, i32.constant(-1)),
  rotateLeft: (value: Code, bits: number): Code => [...value, ...i32.constant(bits), 0x77],
  shiftLeft: (value: Code, bits: number): Code => [...value, ...i32.constant(bits), 0x74],
  shiftRight: (value: Code, bits: number): Code => [...value, ...i32.constant(bits), 0x76],
  lessThan: (one: Code, other: Code): Code => [...one, ...other, 0x49],
  /** The lower half of an i64. */
  lower: (value: Code): Code => [...value, 0xa7],
};

export const i64 = {
  zero: [0x42, 0] as Code,
  load: (address: Code, offset = 0): Code => [...address, 0x29, 3, ...unsigned(offset)],
  xor: (one: Code, other: Code): Code => [...one, ...other, 0x85],
  shiftRight: (value: Code, bits: number): Code => [...value, 0x42, ...signed(bits), 0x88],
};

/** Does it once, and again as long as the condition holds. */
export function repeatWhile(condition: Code, ...body: readonly Code[]): Code {
  return [0x03, 0x40, ...body.flat(), ...condition, 0x0d, 0, 0x0b];
}

function section(id: number, items: readonly Code[]): Code {
  const content = list(items);
  return [id, ...unsigned(content.length), ...content];
}

function list(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(name: string): Code {
  return list([...Buffer.from(name)].map((byte) => [byte]));
}

/** LEB128 of a non-negative number. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** Signed LEB128 of a number of 32 bits: bit 6 of its last byte is its sign. */
function signed(value: number): Code {
  const isLast = value >= -0x40 && value < 0x40;
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
