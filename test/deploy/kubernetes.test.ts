/** The manifests keep their promises: the restricted profile, the meaning of the exit codes, nothing running for ever. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const FOLDER = resolve(import.meta.dirname, '../../deploy/kubernetes');
const NAME = 'rdb-archiver';

/** Strict all the way down: a misspelt field, which a cluster would ignore in silence, fails here. */
const metadata = z.strictObject({
  name: z.enum([NAME, `${NAME}-status`]).optional(),
  generateName: z.literal(`${NAME}-one-`).optional(),
  namespace: z.literal(NAME).optional(),
  labels: z.record(z.string(), z.string()).refine((labels) => labels['app.kubernetes.io/name'] === NAME),
});

const exitCodeRule = z.strictObject({
  action: z.enum(['FailJob', 'Count']),
  onExitCodes: z.strictObject({
    containerName: z.literal(NAME),
    operator: z.literal('In'),
    values: z.array(z.int().min(1)),
  }),
});
const disruptionRule = z.strictObject({
  action: z.literal('Ignore'),
  onPodConditions: z.tuple([
    z.strictObject({ type: z.literal('DisruptionTarget'), status: z.literal('True') }),
  ]),
});

/** The restricted Pod Security profile, field by field, and what this worker promises beyond it. */
const container = z.strictObject({
  name: z.literal(NAME),
  image: z.string().regex(/:\d+\.\d+\.\d+$/, 'a pinned version, never `latest`'),
  args: z.array(z.string()).min(1),
  envFrom: z.array(
    z.strictObject({
      configMapRef: z.strictObject({ name: z.literal(NAME) }).optional(),
      secretRef: z.strictObject({ name: z.literal(NAME), optional: z.literal(true) }).optional(),
    }),
  ),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  resources: z.strictObject({
    requests: z.strictObject({ cpu: z.string(), memory: z.string(), 'ephemeral-storage': z.string() }),
    limits: z.strictObject({ memory: z.string(), 'ephemeral-storage': z.string() }),
  }),
});
const podSpec = z.strictObject({
  restartPolicy: z.literal('Never'),
  serviceAccountName: z.literal(NAME),
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  terminationGracePeriodSeconds: z.int().min(30),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.int().min(1000),
    runAsGroup: z.int().min(1000),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  containers: z.tuple([container]),
});
const jobSpec = z.strictObject({
  backoffLimit: z.int().min(1).max(6),
  activeDeadlineSeconds: z.int().min(3600),
  ttlSecondsAfterFinished: z.int().min(3600).optional(),
  podFailurePolicy: z.strictObject({ rules: z.array(z.union([exitCodeRule, disruptionRule])) }),
  template: z.strictObject({ metadata, spec: podSpec }),
});
const cronJob = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('CronJob'),
  metadata,
  spec: z.strictObject({
    schedule: z.string().regex(/^(\S+ ){4}\S+$/),
    timeZone: z.literal('Asia/Shanghai'),
    concurrencyPolicy: z.literal('Forbid'),
    startingDeadlineSeconds: z.int().min(10),
    successfulJobsHistoryLimit: z.int().min(1),
    failedJobsHistoryLimit: z.int().min(1),
    jobTemplate: z.strictObject({ metadata, spec: jobSpec }),
  }),
});
const job = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata,
  spec: jobSpec,
});
const namespace = z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('Namespace'), metadata });
const serviceAccount = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ServiceAccount'),
  metadata,
  automountServiceAccountToken: z.literal(false),
});
const settings = z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string());
const configMap = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata,
  data: settings,
});
const secret = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Secret'),
  metadata,
  type: z.literal('Opaque'),
  stringData: settings,
});
const port = z.strictObject({ protocol: z.enum(['TCP', 'UDP']), port: z.int() });
const networkPolicy = z.strictObject({
  apiVersion: z.literal('networking.k8s.io/v1'),
  kind: z.literal('NetworkPolicy'),
  metadata,
  spec: z.strictObject({
    podSelector: z.strictObject({
      matchLabels: z.strictObject({ 'app.kubernetes.io/name': z.literal(NAME) }),
    }),
    policyTypes: z.tuple([z.literal('Ingress'), z.literal('Egress')]),
    ingress: z.tuple([]),
    egress: z.array(z.strictObject({ ports: z.array(port) })),
  }),
});
const kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  namespace: z.literal(NAME),
  resources: z.array(z.string()),
  images: z.array(z.strictObject({ name: z.literal(NAME), newTag: z.string() })),
});

describe('the CronJob', () => {
  const { spec } = cronJob.parse(read('cronjob.yaml'));
  const { spec: jobOfRun } = spec.jobTemplate;

  test('runs one pass over everything', () => {
    expect(jobOfRun.template.spec.containers[0].args).toEqual(['run']);
  });

  test('leaves a failure that trying again cannot mend to the next run', () => {
    expect(codesOf(jobOfRun, 'FailJob')).toEqual([2, 3, 11]);
  });

  test('tries again after an unexpected error and when the cloud cannot be listed', () => {
    expect(codesOf(jobOfRun, 'Count')).toEqual([1, 10]);
  });

  test('does not hold a drained node against the job', () => {
    expect(jobOfRun.podFailurePolicy.rules[0]?.action).toBe('Ignore');
  });

  test('gives a run longer than its own deadline before it is ended from outside', () => {
    const runDeadline = 6 * 3600;
    expect(jobOfRun.activeDeadlineSeconds).toBeGreaterThan(runDeadline);
  });

  test('puts its labels where the network policy looks for them', () => {
    const { matchLabels } = networkPolicy.parse(read('networkpolicy.yaml')).spec.podSelector;
    expect(jobOfRun.template.metadata.labels).toMatchObject(matchLabels);
  });
});

describe('the CronJob that asks how old the archives are', () => {
  const { spec } = cronJob.parse(read('status.cronjob.yaml')).spec.jobTemplate;

  test('takes exit 5, an instance without a new archive, for a failed job', () => {
    expect(spec.template.spec.containers[0].args).toEqual(['status', '--max-age', '26h']);
    expect(codesOf(spec, 'FailJob')).toEqual([2, 3, 5, 11]);
  });

  test('is locked down exactly like the runs', () => {
    const runs = cronJob.parse(read('cronjob.yaml')).spec.jobTemplate.spec.template;
    expect(lockedDown(spec.template)).toEqual(lockedDown(runs));
  });
});

describe('the Job for one backup', () => {
  const { spec } = job.parse(read('archive-one.job.yaml'));

  test('archives one backup and is cleaned up afterwards', () => {
    expect(spec.template.spec.containers[0].args[0]).toBe('archive');
    expect(spec.ttlSecondsAfterFinished).toBeDefined();
  });

  test('is locked down and fails exactly like the CronJob', () => {
    const scheduled = cronJob.parse(read('cronjob.yaml')).spec.jobTemplate.spec;
    expect(spec.podFailurePolicy).toEqual(scheduled.podFailurePolicy);
    expect(lockedDown(spec.template)).toEqual(lockedDown(scheduled.template));
  });
});

describe('the namespace', () => {
  test('enforces the restricted Pod Security profile', () => {
    const { labels } = namespace.parse(read('namespace.yaml')).metadata;
    expect(labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  });

  test('gives the worker no token of the cluster', () => {
    expect(serviceAccount.parse(read('serviceaccount.yaml')).automountServiceAccountToken).toBe(false);
  });

  test('lets nobody call the worker, and the worker call only names, HTTPS and HTTP', () => {
    const { egress } = networkPolicy.parse(read('networkpolicy.yaml')).spec;
    const ports = egress.flatMap((rule) => rule.ports.map((each) => each.port));
    expect(new Set(ports)).toEqual(new Set([53, 80, 443]));
  });
});

describe('the configuration', () => {
  test('names a region and a destination, and nothing secret', () => {
    const names = Object.keys(configMap.parse(read('configmap.yaml')).data);
    expect(names).toEqual(expect.arrayContaining(['ARCHIVER_SOURCE_REGIONS', 'ARCHIVER_DESTINATION']));
    expect(names.filter((name) => /SECRET|KEY|TOKEN|PASSWORD/.test(name))).toEqual([]);
  });

  test('shows a Secret that holds no secret and is not applied', () => {
    const values = Object.values(secret.parse(read('secret.example.yaml')).stringData);
    expect(new Set(values)).toEqual(new Set(['replace-me']));
    expect(kustomization.parse(read('kustomization.yaml')).resources).not.toContain('secret.example.yaml');
  });

  test('lists files that are there', () => {
    const there = readdirSync(FOLDER);
    expect(there).toEqual(expect.arrayContaining(kustomization.parse(read('kustomization.yaml')).resources));
  });

  test('runs the version that package.json names', () => {
    const { version } = JSON.parse(readFileSync(join(FOLDER, '../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(kustomization.parse(read('kustomization.yaml')).images).toEqual([{ name: NAME, newTag: version }]);
    const { image } = cronJob.parse(read('cronjob.yaml')).spec.jobTemplate.spec.template.spec.containers[0];
    expect(image).toBe(`${NAME}:${version}`);
  });
});

/** All of a pod but what it is asked to do. */
function lockedDown({ spec }: z.infer<typeof jobSpec>['template']): unknown {
  return { ...spec, containers: spec.containers.map((each) => ({ ...each, args: [] })) };
}

function codesOf(spec: z.infer<typeof jobSpec>, action: string): number[] {
  return spec.podFailurePolicy.rules.flatMap((rule) =>
    'onExitCodes' in rule && rule.action === action ? rule.onExitCodes.values : [],
  );
}

/** The one document of a manifest. */
function read(file: string): unknown {
  const [document, ...more] = parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8'), {
    uniqueKeys: true,
  });
  if (!document || more.length > 0)
    throw new Error(`${file} holds ${more.length + 1} documents instead of one`);
  if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join('; ')}`);
  return document.toJS();
}
