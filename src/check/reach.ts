/** Asks the destination and every source for the least that they can answer. */
import type { Target } from '../archiver/survey.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { asArchiverError } from '../domain/errors.ts';
import type { Reach } from '../domain/reach.ts';

export interface ReachPorts {
  readonly targets: readonly Target[];
  readonly catalog: Pick<Catalog, 'probe'>;
}

/** One request each, side by side. Rejects only with the signal's reason; every other failure is in the answer. */
export async function reachAll({ targets, catalog }: ReachPorts, signal: AbortSignal): Promise<Reach[]> {
  const ask = async (subject: Reach, request: Promise<void>): Promise<Reach> => {
    try {
      await request;
      return subject;
    } catch (error) {
      signal.throwIfAborted();
      return { ...subject, error: asArchiverError(error) };
    }
  };
  return Promise.all([
    ask({}, catalog.probe({ signal })),
    ...targets.map(({ source }) => ask({ source: source.name }, source.probe(signal))),
  ]);
}
