/** Standard output for texts without end: what nobody takes yet is not piled up, and who has gone away costs nothing more. */
import type { Output } from './surroundings.ts';

export interface Outlet {
  /** At once where the reader has taken what came before; else it waits with the others, and we with it once that is much. */
  write(text: string): Promise<void>;
  /** Resolves when everything has left the process. */
  end(): Promise<void>;
}

/** So many characters may wait. */
const MOST_WAITING = 256 * 1024;

export function openOutlet(output: Pick<Output, 'writeBytes'>): Outlet {
  let waiting: string[] = [];
  let size = 0;
  let flight: Promise<void> | undefined;
  let gone = false;

  async function send(): Promise<void> {
    while (waiting.length > 0 && !gone) {
      const text = waiting.join('');
      waiting = [];
      size = 0;
      // Whoever reads may go away (`… | head`): the work goes on, and the entry tells a full disk.
      await output.writeBytes(text).catch(() => {
        gone = true;
      });
    }
    flight = undefined;
  }

  return {
    async write(text) {
      if (gone) return;
      waiting.push(text);
      size += text.length;
      flight ??= send();
      if (size > MOST_WAITING) await flight;
    },
    async end() {
      await flight;
    },
  };
}
