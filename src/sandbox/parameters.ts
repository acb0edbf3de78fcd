/** Typed access to API 3.0's parameters: a wrong type is refused, as the cloud does. */
import { refuse } from './api-context.ts';

type Parameters = Readonly<Record<string, unknown>>;

export function text(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  if (value === undefined || typeof value === 'string') return value;
  refuse('InvalidParameter', `${name}: expected a string`);
}

export function strings(parameters: Parameters, name: string): readonly string[] {
  const value = parameters[name] ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  refuse('InvalidParameter', `${name}: expected strings`);
}

export function integer(parameters: Parameters, name: string): number | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  refuse('InvalidParameter', `${name}: expected an integer`);
}

export function integers(parameters: Parameters, name: string): readonly number[] | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => Number.isInteger(item))) return value;
  refuse('InvalidParameter', `${name}: expected integers`);
}

/** Limit and Offset; the offset must be a multiple of the limit, which only API 3.0 wants. */
export function page(
  parameters: Parameters,
  { fallback, maximum }: { readonly fallback: number; readonly maximum: number },
): { limit: number; offset: number } {
  const limit = integer(parameters, 'Limit') ?? fallback;
  const offset = integer(parameters, 'Offset') ?? 0;
  if (limit < 1 || limit > maximum) refuse('InvalidParameterValue', `Limit: expected 1 to ${maximum}`);
  if (offset < 0 || offset % limit !== 0)
    refuse('InvalidParameterValue', 'Offset: expected a multiple of Limit');
  return { limit, offset };
}
