/** Colours, only where the terminal has them and its user wants them (no-color.org). */
import { styleText } from 'node:util';

type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

export type Paint = (colour: Colour, text: string) => string;

export function createPaint(
  terminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): Paint {
  const coloured = terminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  return coloured
    ? (colour, text) => styleText(colour, text, { validateStream: false })
    : (_colour, text) => text;
}
