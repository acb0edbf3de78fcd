/** The Helm chart renders in every shape, is strictly what Kubernetes knows, and refuses values that cannot work. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runCommand } from '../support/command.ts';
import { describeWith } from '../support/needs.ts';
import { at, find, type Manifest, type PodTemplate, podsOf, readDeploy } from './support/manifests.ts';
import { expectLockedDown } from './support/promises.ts';
import { SHAPE_NAMES, SHAPES } from './support/shapes.ts';
import {
  CHART,
  helmTemplate,
  outputOf,
  RENDERERS,
  renderChart,
  runTool,
  strictly,
  withFile,
} from './support/tools.ts';

const NAME = 'archiver-rdb-archiver';

describe('the chart', () => {
  test('is of the version that package.json names', () => {
    const { version } = JSON.parse(
      readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'),
    ) as { version: string };
    expect(parse(readDeploy('helm/rdb-archiver/Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });
});

describeWith(RENDERERS, 'the chart, rendered', () => {
  describe.for(SHAPE_NAMES)('as %s', (shape) => {
    const rendered = once(() => renderChart(SHAPES[shape]));

    test('passes helm lint, with the schema of its values', () => {
      const lint = withFile('values.json', JSON.stringify(SHAPES[shape]), (path) =>
        runTool('helm', ['lint', CHART, '--strict', `--values=${path}`]),
      );
      expect(lint.stdout).toContain('0 chart(s) failed');
      expect(lint.code).toBe(0);
    });

    test('locks every pod down', () => {
      const pods = podsOf(rendered());
      expect(pods.length).toBeGreaterThanOrEqual(3);
      pods.forEach(expectLockedDown);
    });

    test('reaches every pod with the network policy', () => {
      const policy = find(rendered(), 'NetworkPolicy');
      for (const { labels } of podsOf(rendered()))
        expect(labels).toMatchObject(at(policy, 'spec.podSelector.matchLabels') as object);
    });

    test('gives every pod the same configuration and identity', () => {
      const manifests = rendered();
      for (const { spec } of podsOf(manifests)) {
        expect(spec['serviceAccountName']).toBe(find(manifests, 'ServiceAccount').metadata.name);
        expect(spec.containers[0]?.envFrom).toEqual(
          expect.arrayContaining([
            { configMapRef: { name: NAME } },
            { secretRef: { name: 'rdb-archiver', optional: true } },
          ]),
        );
      }
    });

    test('asks the catalog how old the archives are, apart from the runs', () => {
      const { spec } = find(rendered(), 'CronJob', `${NAME}-status`);
      const job = at(spec, 'jobTemplate.spec');
      expect(at(job, 'template.spec.containers.0.args')).toEqual(['status', '--max-age', '26h']);
      expect(codes(job, 'FailJob')).toEqual([2, 3, 5, 11]);
    });
  });

  test("expires with keys of its own and never with the worker's, only where that is wanted", () => {
    expect(() => find(renderChart(SHAPES.cronjob), 'CronJob', `${NAME}-expire`)).toThrow();
    const values = {
      ...SHAPES.everything,
      expire: { enabled: true, confirm: true, existingSecrets: ['expirer'], serviceAccountName: 'expirer' },
    };
    const job = at(find(renderChart(values), 'CronJob', `${NAME}-expire`), 'spec.jobTemplate.spec');
    expect(at(job, 'template.spec')).toMatchObject({ serviceAccountName: 'expirer' });
    expect(at(job, 'template.spec.containers.0')).toMatchObject({
      args: ['expire', '--confirm'],
      envFrom: [{ configMapRef: { name: NAME } }, { secretRef: { name: 'expirer', optional: true } }],
    });
    expect(JSON.stringify(job)).not.toMatch(/TKE_|tke-token|secret-files/);
    expect(codes(job, 'FailJob')).toEqual([2, 3, 4, 11]);
    const dry = find(renderChart({ ...values, expire: { enabled: true } }), 'CronJob', `${NAME}-expire`);
    expect(at(dry, 'spec.jobTemplate.spec.template.spec.containers.0.args')).toEqual(['expire']);
  });

  test('drills archives in an image with a server, with a disk and memory of its own, only where that is wanted', () => {
    expect(() => find(renderChart(SHAPES.cronjob), 'CronJob', `${NAME}-drill`)).toThrow();
    const job = at(find(renderChart(SHAPES.everything), 'CronJob', `${NAME}-drill`), 'spec.jobTemplate.spec');
    expect(at(job, 'template.spec.containers.0')).toMatchObject({
      image: expect.stringMatching(/^registry\.example\.com\/rdb-archiver-drill@sha256:/),
      args: ['drill', '--sample', '1%'],
      env: expect.arrayContaining([{ name: 'ARCHIVER_DRILL_DIRECTORY', value: '/scratch' }]),
      volumeMounts: expect.arrayContaining([{ name: 'scratch', mountPath: '/scratch' }]),
      resources: { limits: { memory: '4Gi', 'ephemeral-storage': '11Gi' } },
    });
    expect(at(job, 'template.spec.volumes')).toContainEqual({
      name: 'scratch',
      emptyDir: { sizeLimit: '50Gi' },
    });
    expect(codes(job, 'FailJob')).toEqual([2, 3, 4, 11]);
    const others = podsOf(renderChart(SHAPES.everything)).filter(
      ({ spec }) => spec.containers[0]?.args?.[0] !== 'drill',
    );
    expect(JSON.stringify(others)).not.toMatch(/scratch|-drill/);
  });

  test('reads a share of the archives back, with little memory and never two at once, only where that is wanted', () => {
    expect(() => find(renderChart(SHAPES.cronjob), 'CronJob', `${NAME}-verify`)).toThrow();
    const { spec } = find(renderChart(SHAPES.everything), 'CronJob', `${NAME}-verify`);
    expect(spec).toMatchObject({ concurrencyPolicy: 'Forbid', timeZone: 'Asia/Shanghai' });
    const job = at(spec, 'jobTemplate.spec');
    expect(job).toMatchObject({ backoffLimit: 1, activeDeadlineSeconds: 21_600 });
    expect(at(job, 'template.spec.containers.0')).toMatchObject({
      args: ['verify', '--sample', '0.5%'],
      resources: { requests: { memory: '256Mi' }, limits: { memory: '512Mi' } },
    });
    expect(codes(job, 'FailJob')).toEqual([2, 3, 4, 11]);
    const resources = { requests: { memory: '1Gi' }, limits: { memory: '1Gi' } };
    const larger = renderChart({ ...SHAPES.sharded, verify: { enabled: true, resources } });
    const [others, verifying] = [`${NAME}-status`, `${NAME}-verify`].map((name) =>
      at(
        find(larger, 'CronJob', name),
        'spec.jobTemplate.spec.template.spec.containers.0.resources.limits.memory',
      ),
    );
    expect([others, verifying]).toEqual(['512Mi', '1Gi']);
  });

  describe.for(SHAPE_NAMES)('as %s', (shape) => {
    const rendered = once(() => renderChart(SHAPES[shape]));

    test('tests a release by reading its configuration and by a plan', () => {
      const pods = rendered().filter((each) => each.metadata.annotations?.['helm.sh/hook'] === 'test');
      const args = pods.map((pod) => at(pod, 'spec.containers.0.args'));
      expect(args).toEqual([['config', 'show'], ['plan']]);
    });
  });

  test('runs one pass an hour, never two at once, and catches up on a missed start', () => {
    const { spec } = find(renderChart(SHAPES.cronjob), 'CronJob', NAME);
    expect(spec).toMatchObject({
      schedule: '17 * * * *',
      timeZone: 'Asia/Shanghai',
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 1800,
    });
    const job = at(spec, 'jobTemplate.spec');
    expect(job).toMatchObject({ backoffLimit: 2, activeDeadlineSeconds: 25_200 });
    expect(at(job, 'template.spec.containers.0.args')).toEqual(['run']);
    expect(codes(job, 'FailJob')).toEqual([2, 3, 11]);
    expect(codes(job, 'Count')).toEqual([1, 10]);
    expect(at(job, 'podFailurePolicy.rules.0')).toMatchObject({ action: 'Ignore' });
  });

  test('gives each of eight pods its share, and does not end seven for the failure of one', () => {
    const job = at(find(renderChart(SHAPES.sharded), 'CronJob', NAME), 'spec.jobTemplate.spec');
    expect(job).toMatchObject({
      completionMode: 'Indexed',
      completions: 8,
      parallelism: 4,
      backoffLimitPerIndex: 2,
    });
    expect(job).not.toHaveProperty('backoffLimit');
    expect(at(job, 'template.spec.containers.0.env')).toContainEqual({
      name: 'ARCHIVER_SHARD_COUNT',
      value: '8',
    });
    expect(codes(job, 'FailIndex')).toEqual([3, 11]);
    expect(codes(job, 'FailJob')).toEqual([2]);
  });

  test('watches over a daemon with probes, and replaces it when its configuration changes', () => {
    const daemon = (values: object) => find(renderChart({ ...SHAPES.deployment, ...values }), 'Deployment');
    const pod = at(daemon({}), 'spec.template.spec.containers.0');
    expect(pod).toMatchObject({
      args: ['schedule'],
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
      env: expect.arrayContaining([
        { name: 'ARCHIVER_SCHEDULE', value: '17 * * * *' },
        { name: 'ARCHIVER_TIMEZONE', value: 'Asia/Shanghai' },
        { name: 'ARCHIVER_HTTP_LISTEN', value: ':8080' },
      ]),
    });
    const checksum = (values: object) => at(daemon(values), 'spec.template.metadata.annotations');
    expect(checksum({ environment: { ARCHIVER_SOURCE_REGIONS: 'ap-singapore' } })).not.toEqual(checksum({}));
    expect(at(daemon({}), 'spec')).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  });

  test('lets Prometheus in to the daemon, and nobody in to a run', () => {
    const ingress = (values: object) => at(find(renderChart(values), 'NetworkPolicy'), 'spec.ingress');
    expect(ingress(SHAPES.cronjob)).toEqual([]);
    expect(ingress(SHAPES.deployment)).toEqual([
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        ports: [{ protocol: 'TCP', port: 'http' }],
      },
    ]);
  });

  test('takes the cloud keys from TKE, through its webhook or by itself', () => {
    const tkeOidc = { enabled: true, roleArn: 'qcs::cam::uin/100000000001:roleName/rdb-archiver' };
    const byWebhook = renderChart({ ...SHAPES.cronjob, tkeOidc });
    expect(find(byWebhook, 'ServiceAccount').metadata.annotations).toEqual({
      'tke.cloud.tencent.com/role-arn': tkeOidc.roleArn,
      'tke.cloud.tencent.com/audience': 'sts.cloud.tencent.com',
      'tke.cloud.tencent.com/token-expiration': '86400',
    });

    const { spec } = daemonPod(renderChart(SHAPES.everything));
    const env = Object.fromEntries(
      (at(spec, 'containers.0.env') as { name: string; value: string }[]).map(({ name, value }) => [
        name,
        value,
      ]),
    );
    expect(env).toMatchObject({
      TKE_ROLE_ARN: tkeOidc.roleArn,
      TKE_REGION: 'ap-guangzhou',
      TKE_PROVIDER_ID: 'cls-example1',
    });
    const token = { audience: 'sts.cloud.tencent.com', expirationSeconds: 86_400, path: 'token' };
    expect(at(spec, 'volumes')).toContainEqual({
      name: 'tke-token',
      projected: { sources: [{ serviceAccountToken: token }] },
    });
    const mount = (at(spec, 'containers.0.volumeMounts') as { name: string; mountPath: string }[]).find(
      ({ name }) => name === 'tke-token',
    );
    expect(env['TKE_WEB_IDENTITY_TOKEN_FILE']).toBe(`${mount?.mountPath}/token`);
  });

  test('hands over one key of a Secret as a file, and the configuration file', () => {
    const manifests = renderChart(SHAPES.everything);
    const { spec } = daemonPod(manifests);
    expect(at(spec, 'containers.0.env')).toEqual(
      expect.arrayContaining([
        { name: 'AWS_SECRET_ACCESS_KEY_FILE', value: '/var/run/secrets/rdb-archiver/AWS_SECRET_ACCESS_KEY' },
        { name: 'ARCHIVER_CONFIG', value: '/etc/rdb-archiver/archiver.yaml' },
      ]),
    );
    const file = at(find(manifests, 'ConfigMap', `${NAME}-file`), 'data') as Record<string, string>;
    expect(parse(file['archiver.yaml'] ?? '')).toEqual(SHAPES.everything.config);
  });

  test('scrapes the daemon under the name by which the alarms know it', () => {
    const manifests = renderChart(SHAPES.everything);
    const monitor = find(manifests, 'PodMonitor');
    const { labels } = daemonPod(manifests);
    expect(labels).toMatchObject(at(monitor, 'spec.selector.matchLabels') as object);
    expect(at(monitor, 'spec.podMetricsEndpoints.0.relabelings')).toContainEqual({
      targetLabel: 'job',
      replacement: NAME,
    });
    for (const expr of expressions(manifests).filter((each) => each.includes('rdb_archiver_')))
      expect(expr).toContain(`{namespace="backup",job="${NAME}"`);
  });

  test('links every alarm to its runbook, and leaves out what does not fit the shape', () => {
    const links = alarms(renderChart(SHAPES.sharded)).map(({ annotations }) => annotations['runbook_url']);
    expect(links).toContain(`${SHAPES.sharded.alerts.runbookUrl}#rdbarchivercronjoboverdue`);
    expect(links.filter((link) => !link?.startsWith('https://'))).toEqual([]);
    const names = (values: object) => alarms(renderChart(values)).map(({ alert }) => alert);
    expect(names(SHAPES.sharded)).not.toContain('RdbArchiverAbsent');
    expect(names(SHAPES.everything)).not.toContain('RdbArchiverCronJobAbsent');
    const alerts = { ...SHAPES.everything.alerts, disabled: ['RdbArchiverApiThrottled'] };
    expect(names({ ...SHAPES.everything, alerts })).toEqual(
      names(SHAPES.everything).filter((name) => name !== 'RdbArchiverApiThrottled'),
    );
  });

  test('puts the hours of the values into the alarms', () => {
    const alerts = { ...SHAPES.sharded.alerts, maxAgeHours: 8, runMaxAgeHours: 48 };
    const text = expressions(renderChart({ ...SHAPES.sharded, alerts })).join('\n');
    expect(text).toMatch(/> 8 \* 3600/);
    expect(text).toMatch(/> 48 \* 3600/);
    expect(text).not.toMatch(/> 26 \* 3600|@/);
  });

  test('puts the days of the values into the alarms, and takes none for that of another', () => {
    const alerts = { ...SHAPES.sharded.alerts, drillMaxAgeDays: 2, verifyMaxAgeDays: 3, expireMaxAgeDays: 8 };
    const rendered = alarms(renderChart({ ...SHAPES.sharded, alerts, expire: { enabled: true } }));
    for (const [job, days] of Object.entries({ Drill: 2, Verify: 3, Expire: 8 })) {
      const alarm = rendered.find(({ alert }) => alert === `RdbArchiver${job}Overdue`);
      expect(alarm?.expr.match(/> \d+ \* 86400/g)).toEqual([`> ${days} * 86400`, `> ${days} * 86400`]);
      expect(alarm?.annotations['description']).toContain(`has not succeeded for ${days} days`);
    }
  });

  test('watches over the jobs that there are, and over no others', () => {
    const watched = (values: object) =>
      alarms(renderChart({ ...SHAPES.sharded, ...values })).flatMap(
        ({ alert }) => /^RdbArchiver(\w+)Failed$/.exec(alert)?.[1] ?? [],
      );
    const off = { enabled: false };
    expect(watched({ drill: off, verify: off })).toEqual([]);
    expect(watched({ drill: off })).toEqual(['Verify']);
    expect(watched({ drill: off, verify: off, expire: { enabled: true } })).toEqual(['Expire']);
  });

  test('brings the dashboard to where Grafana looks for it', () => {
    const map = find(renderChart(SHAPES.everything), 'ConfigMap', `${NAME}-dashboard`);
    expect(map.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    const dashboard = at(map, 'data') as Record<string, string>;
    expect(JSON.parse(dashboard['rdb-archiver.json'] ?? '')).toEqual(
      JSON.parse(readDeploy('helm/rdb-archiver/files/dashboard.json')),
    );
  });

  test.for<[string, object, RegExp]>([
    ['an unknown key', { existingSecret: 'rdb-archiver' }, /existingSecret/],
    ['a sample that is a number of archives', { verify: { sample: '3' } }, /sample/],
    ['a sample of nothing', { verify: { sample: '0%' } }, /sample/],
    ['an unknown mode', { mode: 'daemon' }, /mode/],
    ['a schedule of six fields', { schedule: '0 17 * * * *' }, /schedule/],
    ['a number that is a text', { cronjob: { backoffLimit: '2' } }, /backoffLimit/],
    [
      'a secret among the variables',
      { environment: { TENCENTCLOUD_SECRET_KEY: 'x' } },
      /TENCENTCLOUD_SECRET_KEY/,
    ],
    ['a variable that is not a text', { environment: { ARCHIVER_CONCURRENCY: 4 } }, /ARCHIVER_CONCURRENCY/],
    ['the image `latest`', { image: { repository: 'rdb-archiver', tag: 'latest' } }, /tag/],
    ['alarms without a runbook', { alerts: { enabled: true } }, /runbookUrl/],
    ['a runbook that is not HTTPS', { alerts: { enabled: true, runbookUrl: 'http://x' } }, /runbookUrl/],
    ['a TKE role that is none', { tkeOidc: { enabled: true, roleArn: 'arn:aws:iam::1:role/x' } }, /roleArn/],
    ['no share at all', { sharding: { shards: 0 } }, /shards/],
    ['a daemon in shares', { mode: 'deployment', sharding: { shards: 2 } }, /only with mode cronjob/],
    ['scraping a cronjob', { metrics: { podMonitor: { enabled: true } } }, /only with mode deployment/],
    [
      'a foreign service account without a name',
      { serviceAccount: { create: false } },
      /serviceAccount\.name/,
    ],
  ])('refuses %s', ([, values, message]) => {
    const { code, stderr } = helmTemplate(values);
    expect(stderr).toMatch(message);
    expect(code).not.toBe(0);
  });

  test('refuses a cluster that is too old', () => {
    expect(helmTemplate(SHAPES.cronjob, '1.26.0').stderr).toMatch(/incompatible with Kubernetes/);
    expect(helmTemplate(SHAPES.sharded, '1.28.0').stderr).toMatch(/1\.29/);
    expect(helmTemplate(SHAPES.cronjob, '1.28.0').code).toBe(0);
  });

  test('says after the installation what to do next', () => {
    expect(notesOf(SHAPES.cronjob)).toContain(`create job --from=cronjob/${NAME} ${NAME}-first`);
    expect(notesOf(SHAPES.cronjob)).toContain('No alarm is set up');
    expect(notesOf(SHAPES.everything)).toContain(`port-forward deployment/${NAME} 8080:8080`);
  });
});

describeWith(RENDERERS, 'the program', () => {
  test.for(['cronjob', 'sharded', 'deployment'] as const)(
    'accepts what every pod of the shape %s sets',
    async (shape) => {
      const manifests = renderChart(SHAPES[shape]);
      const data = at(find(manifests, 'ConfigMap', NAME), 'data') as Record<string, string>;
      for (const { owner, spec } of podsOf(manifests)) {
        const set = spec.containers[0]?.env?.map(({ name, value = '' }) => [name, value]) ?? [];
        const env = { ...data, ...Object.fromEntries(set), JOB_COMPLETION_INDEX: '7' };
        const { code, stderr } = await runCommand(['config', 'show'], { cwd: tmpdir(), env });
        expect({ owner, code, stderr }).toEqual({ owner, code: 0, stderr: '' });
      }
    },
  );

  test.for(['cronjob', 'deployment'] as const)(
    'has the commands that the pods of the shape %s call',
    async (shape) => {
      for (const { spec } of podsOf(renderChart(SHAPES[shape]))) {
        const args = spec.containers[0]?.args ?? [];
        const { code, stdout } = await runCommand([...args, '--help'], { cwd: tmpdir() });
        expect(stdout).toContain(`Usage: rdb-archiver ${args[0]} `);
        expect(code).toBe(0);
      }
    },
  );
});

describeWith([...RENDERERS, 'jq'], 'the one-liner for one backup', () => {
  test.for(['cronjob', 'sharded'] as const)('makes one plain job of the CronJob of the shape %s', (shape) => {
    const [, program = ''] = /\| jq '([^']+)'/.exec(notesOf(SHAPES[shape])) ?? [];
    const spec = at(find(renderChart(SHAPES[shape]), 'CronJob', NAME), 'spec.jobTemplate.spec');
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'one' }, spec };
    const [made] = strictly(outputOf('jq', [program], JSON.stringify(job)));
    expect(at(made, 'spec.template.spec.containers.0.args')).toEqual(['archive', 'crs-xxxxxxxx', 'latest']);
    expect(at(made, 'spec.template.spec.containers.0.env') ?? []).toEqual([]);
    expect(at(made, 'spec')).not.toHaveProperty('completionMode');
    expect(JSON.stringify(at(made, 'spec.podFailurePolicy'))).not.toContain('FailIndex');
  });
});

describeWith(['kube-strict'], 'the strict reader', () => {
  const job = (spec: string) =>
    runTool('kube-strict', [], `apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: x\nspec:\n${spec}`);

  test.for([
    ['an unknown field', '  backoffLimits: 2\n', /unknown field "backoffLimits"/],
    ['a value of the wrong type', '  backoffLimit: two\n', /cannot unmarshal string/],
    [
      'a quantity that is none',
      '  template: {spec: {containers: [{name: x, resources: {limits: {cpu: much}}}]}}\n',
      /quantities/,
    ],
    ['a key written twice', '  backoffLimit: 2\n  backoffLimit: 3\n', /already set/],
  ] as const)('refuses %s', ([, spec, message]) => {
    expect(job(spec)).toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
    expect(job('  backoffLimit: 2\n').code).toBe(0);
  });
});

function daemonPod(manifests: readonly Manifest[]): PodTemplate {
  const [pod] = podsOf([find(manifests, 'Deployment')]);
  if (pod === undefined) throw new Error('a Deployment without a pod');
  return pod;
}

/** What `helm install` prints for a person. */
function notesOf(values: object): string {
  return withFile('values.json', JSON.stringify(values), (path) =>
    outputOf('helm', [
      'install',
      'archiver',
      CHART,
      '--namespace=backup',
      '--dry-run=client',
      `--values=${path}`,
    ]),
  );
}

interface Alarm {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

function alarms(manifests: readonly Manifest[]): Alarm[] {
  const groups = at(find(manifests, 'PrometheusRule'), 'spec.groups') as { rules: Alarm[] }[];
  return groups.flatMap(({ rules }) => rules);
}

function expressions(manifests: readonly Manifest[]): string[] {
  return alarms(manifests).map(({ expr }) => expr);
}

/** The exit codes that this job answers with that action. */
function codes(job: unknown, action: string): unknown {
  const rules = at(job, 'podFailurePolicy.rules') as { action: string }[];
  return at(
    rules.find((rule) => rule.action === action && at(rule, 'onExitCodes')),
    'onExitCodes.values',
  );
}

/** Rendered at the first use, for a group whose tool is missing is never entered. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
