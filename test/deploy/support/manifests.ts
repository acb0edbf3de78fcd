/** Manifests as tests look at them: plain documents, and the pods that they make. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const DEPLOY = resolve(import.meta.dirname, '../../../deploy');

/** A field of a manifest is looked at by its path; what is not there is undefined. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface PodTemplate {
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly [kind: string]: unknown }[];
  readonly [field: string]: unknown;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom?: readonly unknown[];
  readonly [field: string]: unknown;
}

/** All documents of a stream; a key written twice is an error. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text, { uniqueKeys: true }).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join('; '));
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });
}

export function readDeploy(path: string): string {
  return readFileSync(resolve(DEPLOY, path), 'utf8');
}

/** What is at a path such as `spec.jobTemplate.spec`; undefined where a step is missing. */
export function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
      value,
    );
}

/** The one of this kind and name. */
export function find(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter(
    (each) => each.kind === kind && (name ?? each.metadata.name) === each.metadata.name,
  );
  const [one] = found;
  if (one === undefined || found.length > 1)
    throw new Error(
      `${found.length} ${kind} ${name ?? ''} in ${manifests.map((each) => `${each.kind} ${each.metadata.name}`).join(', ')}`,
    );
  return one;
}

const PODS_OF: Readonly<Record<string, string>> = {
  CronJob: 'spec.jobTemplate.spec.template',
  Job: 'spec.template',
  Deployment: 'spec.template',
};

/** Every pod that these manifests make. */
export function podsOf(manifests: readonly Manifest[]): PodTemplate[] {
  return manifests.flatMap((manifest) => {
    const path = PODS_OF[manifest.kind];
    const template = manifest.kind === 'Pod' ? manifest : path && at(manifest, path);
    if (!template) return [];
    return [
      {
        owner: `${manifest.kind} ${manifest.metadata.name}`,
        labels: (at(template, 'metadata.labels') ?? {}) as PodTemplate['labels'],
        spec: at(template, 'spec') as PodSpec,
      },
    ];
  });
}
