/** The plain manifests and the overlays on them render, are strictly what Kubernetes knows, and keep the same promises as the chart. */
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { describeWith } from '../support/needs.ts';
import { at, DEPLOY, find, podsOf, readDeploy } from './support/manifests.ts';
import { expectLockedDown } from './support/promises.ts';
import { outputOf, strictly } from './support/tools.ts';

const OVERLAYS = readdirSync(resolve(DEPLOY, 'kustomize/overlays'));

/** Renders a folder of deploy/. */
const build = (folder: string) => strictly(outputOf('kustomize', ['build', resolve(DEPLOY, folder)]));

describeWith(['kustomize', 'kube-strict'], 'kustomize', () => {
  test('finds every shape', () => {
    expect(OVERLAYS.toSorted()).toEqual(['cronjob', 'daemon', 'drills', 'expire', 'sharded', 'verify']);
  });

  test.for(['kubernetes', ...OVERLAYS.map((name) => `kustomize/overlays/${name}`)])(
    'makes locked-down pods of %s, all in one namespace that enforces it',
    (folder) => {
      const manifests = build(folder);
      const pods = podsOf(manifests);
      expect(pods).toHaveLength(/(drills|expire|verify)$/.test(folder) ? 3 : 2);
      pods.forEach(expectLockedDown);
      const places = manifests.map(({ kind, metadata }) =>
        kind === 'Namespace' ? metadata.name : metadata.namespace,
      );
      expect(new Set(places)).toEqual(new Set(['rdb-archiver']));
      expect(find(manifests, 'Namespace').metadata.labels).toMatchObject({
        'pod-security.kubernetes.io/enforce': 'restricted',
      });
      const policy = at(find(manifests, 'NetworkPolicy'), 'spec.podSelector.matchLabels') as object;
      for (const { labels } of pods) expect(labels).toMatchObject(policy);
    },
  );

  test('puts a daemon in the place of the CronJob, and lets Prometheus in', () => {
    const manifests = build('kustomize/overlays/daemon');
    expect(() => find(manifests, 'CronJob', 'rdb-archiver')).toThrow(/0 CronJob/);
    expect(at(find(manifests, 'Deployment'), 'spec.template.spec.containers.0.args')).toEqual(['schedule']);
    expect(at(find(manifests, 'NetworkPolicy'), 'spec.ingress.0.ports')).toEqual([
      { protocol: 'TCP', port: 'http' },
    ]);
  });

  test("expires with keys of its own and the rules of a file, and not with the worker's", () => {
    const job = at(
      find(build('kustomize/overlays/expire'), 'CronJob', 'rdb-archiver-expire'),
      'spec.jobTemplate.spec',
    );
    expect(at(job, 'template.spec.containers.0')).toMatchObject({
      args: ['expire', '--confirm'],
      envFrom: [
        { configMapRef: { name: 'rdb-archiver' } },
        { secretRef: { name: 'rdb-archiver-expirer', optional: true } },
      ],
      env: [{ name: 'ARCHIVER_CONFIG', value: '/etc/rdb-archiver/archiver.yaml' }],
    });
    expect(at(job, 'podFailurePolicy.rules.1.onExitCodes.values')).toEqual([2, 3, 4, 11]);
  });

  test('drills archives with an image that has a server in it, and with a disk for the largest dump', () => {
    const job = at(
      find(build('kustomize/overlays/drills'), 'CronJob', 'rdb-archiver-drill'),
      'spec.jobTemplate.spec',
    );
    expect(at(job, 'template.spec.containers.0')).toMatchObject({
      image: expect.stringMatching(/^rdb-archiver-drill:\d/),
      args: ['drill', '--sample', '3'],
      env: [{ name: 'ARCHIVER_DRILL_DIRECTORY', value: '/scratch' }],
      volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    });
    expect(at(job, 'podFailurePolicy.rules.1.onExitCodes.values')).toEqual([2, 3, 4, 11]);
  });

  test('reads a share of the archives back with the configuration and keys of the worker', () => {
    const job = at(
      find(build('kustomize/overlays/verify'), 'CronJob', 'rdb-archiver-verify'),
      'spec.jobTemplate.spec',
    );
    expect(at(job, 'template.spec.containers.0')).toMatchObject({
      image: expect.stringMatching(/^rdb-archiver:\d/),
      args: ['verify', '--sample', '5%'],
      envFrom: [
        { configMapRef: { name: 'rdb-archiver' } },
        { secretRef: { name: 'rdb-archiver', optional: true } },
      ],
    });
    expect(at(job, 'podFailurePolicy.rules.1.onExitCodes.values')).toEqual([2, 3, 4, 11]);
  });

  test('gives every pod of an Indexed Job its share, under rules of its own', () => {
    const job = at(
      find(build('kustomize/overlays/sharded'), 'CronJob', 'rdb-archiver'),
      'spec.jobTemplate.spec',
    );
    expect(job).toMatchObject({
      completionMode: 'Indexed',
      completions: 8,
      parallelism: 8,
      backoffLimitPerIndex: 2,
    });
    expect(job).not.toHaveProperty('backoffLimit');
    expect(at(job, 'template.spec.containers.0.env')).toEqual([{ name: 'ARCHIVER_SHARD_COUNT', value: '8' }]);
    const rules = at(job, 'podFailurePolicy.rules') as {
      action: string;
      onExitCodes?: { values: number[] };
    }[];
    expect(rules.map(({ action, onExitCodes }) => [action, onExitCodes?.values])).toEqual([
      ['Ignore', undefined],
      ['FailJob', [2]],
      ['FailIndex', [3, 11]],
      ['Count', [1, 10]],
    ]);
  });

  test('reads the files that stand apart as strictly', () => {
    for (const file of ['archive-one.job.yaml', 'secret.example.yaml'])
      expect(strictly(readDeploy(`kubernetes/${file}`))).toHaveLength(1);
  });
});
