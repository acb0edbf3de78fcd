/** HTML by a template that escapes whatever is put into it, so that markup in the name of an instance stays text. */
import { printable } from '../../domain/outside-text.ts';

/** Text that is markup already; everything else is escaped. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Value = string | number | Markup | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

export const NOTHING = new Markup('');

/** Values may stand in text and in quoted attributes; never in a script, a style or the name of a tag. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let source = '';
  strings.forEach((string, place) => {
    source += string + (place < values.length ? sourceOf(values[place] ?? '') : '');
  });
  return new Markup(source);
}

function sourceOf(value: Value): string {
  if (value instanceof Markup) return value.source;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escaped(value);
  return value.map(({ source }) => source).join('');
}

function escaped(text: string): string {
  const line = printable(text);
  return line.replaceAll(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '');
}
