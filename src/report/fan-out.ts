/** Several listeners as one; a listener that fails must fail no backup, so what it throws ends here. */
import type { Observer } from './observer.ts';

export function fanOut(observers: readonly Observer[]): Observer {
  return (event) => {
    for (const observer of observers) {
      try {
        observer(event);
      } catch {
        // A broken listener has nobody to tell: the log is a listener too.
      }
    }
  };
}
