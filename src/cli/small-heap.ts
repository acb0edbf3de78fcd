/** For commands that walk over everything there is: what they leave behind is garbage almost to the last byte, and is not left to pile up. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 lets the heap grow to several times of what lives in it before it looks for garbage: of a listing 23 MB lived, and its process took 100 MB more
 * than at rest, now 45. To be called before the work begins; the flag is looked at by each collection.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=20');
}
