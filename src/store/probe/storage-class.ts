/** Probe of storage classes: does the store take those that are configured, does it say so, and can what lies there be read. */
import { type Finding, failing, passed, warned } from '../../domain/check.ts';
import type { Probe, ProbeContext } from './context.ts';
import { SOUND } from './digest-trial.ts';
import { bytesAt, headersAt, put } from './requests.ts';

/** The object that this probe makes, once for each class. */
export const CLASS_NAME = 'storage-class';

type Fate = 'readable' | 'cold' | 'other-class';

export function probeStorageClasses(classes: readonly string[]): Probe {
  return async (context) => {
    const fates: Record<string, Fate> = {};
    for (const storageClass of classes) {
      const fate = await tryClass(context, storageClass);
      if (typeof fate !== 'string') return { finding: fate };
      fates[storageClass] = fate;
    }
    return { finding: judge(fates) };
  };
}

async function tryClass(context: ProbeContext, storageClass: string): Promise<Fate | Finding> {
  const stored = await put(context, CLASS_NAME, SOUND, { storage: { storageClass }, note: storageClass });
  if (!stored.ok) return failing('storage-class', stored.error);
  const headers = await headersAt(context, CLASS_NAME);
  // S3 is silent of its default.
  const shown = headers.ok ? (headers.output?.['x-amz-storage-class'] ?? 'STANDARD') : storageClass;
  if (shown !== storageClass) return 'other-class';
  return (await bytesAt(context, CLASS_NAME)).ok ? 'readable' : 'cold';
}

function judge(fates: Readonly<Record<string, Fate>>): Finding {
  const those = (fate: Fate) => Object.keys(fates).filter((name) => fates[name] === fate);
  const [readable, cold, other] = [those('readable'), those('cold'), those('other-class')];
  const parts = [
    ...(readable.length > 0 ? [`${readable.join(', ')}: taken, readable at once`] : []),
    ...(cold.length > 0 ? [`${cold.join(', ')}: not readable at once`] : []),
    ...(other.length > 0 ? [`${other.join(', ')}: the store shows another class`] : []),
  ];
  const detail = parts.join('; ');
  if (cold.length === 0 && other.length === 0) return passed('storage-class', detail, fates);
  const hints = [
    ...(cold.length > 0
      ? [
          '`verify`, `inspect`, `restore` and `drill` need such objects brought back first, which takes hours. A lifecycle rule that moves `data/` after some weeks leaves the new archives readable.',
        ]
      : []),
    ...(other.length > 0 ? ['The store may know that class by another name, or not at all.'] : []),
  ];
  return warned('storage-class', detail, hints.join(' '), fates);
}
