/** What is known of archives besides their manifests, for who queries the index: of the last verification and the last drill of each. */
import type { KeepOptions } from '../catalog/index/manifest-index.ts';
import type { Annotations } from '../catalog/index/segment.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import type { Instant } from '../domain/instant.ts';
import type { CallOptions } from '../store/object-store.ts';

export interface RecordPorts {
  readonly layout: Pick<ArchiveLayout, 'manifestKey'>;
  readonly verifications: {
    known(
      source: string,
      month: string,
      tell: (ref: ArchiveRef, verified: { readonly at: Instant; readonly result: string }) => void,
      options: CallOptions,
    ): Promise<unknown>;
  };
  readonly drills: {
    refs(options: CallOptions): AsyncIterable<ArchiveRef>;
    find(
      ref: ArchiveRef,
      options: CallOptions,
    ): Promise<{ readonly at: Instant; readonly outcome: string } | undefined>;
  };
}

type AnnotationsOf = (source: string, month: string) => Promise<KeepOptions['annotate']>;

/** One read for a month's verifications, one for each archive that was drilled. */
export async function openAnnotations(ports: RecordPorts, options: CallOptions): Promise<AnnotationsOf> {
  const { verifications, drills, layout } = ports;
  const monthOf = ({ source, startedAt }: ArchiveRef) => `${source}\n${startedAt.slice(0, 7)}`;
  const drilled = new Map<string, ArchiveRef[]>();
  for await (const ref of drills.refs(options))
    drilled.set(monthOf(ref), [...(drilled.get(monthOf(ref)) ?? []), ref]);
  return async (source, month) => {
    const known = new Map<string, Annotations>();
    const add = (ref: ArchiveRef, more: Annotations) =>
      known.set(layout.manifestKey(ref), { ...known.get(layout.manifestKey(ref)), ...more });
    await verifications.known(
      source,
      month,
      (ref, { at, result }) => void add(ref, { verifiedAt: at, verified: result }),
      options,
    );
    for (const ref of drilled.get(`${source}\n${month}`) ?? []) {
      const last = await drills.find(ref, options);
      if (last) add(ref, { drilledAt: last.at, drilled: last.outcome });
    }
    return (ref) => known.get(layout.manifestKey(ref));
  };
}
