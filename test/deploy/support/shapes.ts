/** The shapes in which the chart is deployed: the values that a user would write for each. */

const BASICS = {
  environment: {
    ARCHIVER_SOURCE_REGIONS: 'ap-guangzhou',
    ARCHIVER_DESTINATION: 's3://redis-archive/production',
  },
  existingSecrets: ['rdb-archiver'],
};

const WATCHED = {
  alerts: {
    enabled: true,
    runbookUrl: 'https://git.example.com/ops/rdb-archiver/docs/operations.md',
    labels: { release: 'kube-prometheus-stack' },
  },
  dashboard: { enabled: true, annotations: { grafana_folder: 'Backups' } },
};

export const SHAPES = {
  cronjob: { ...BASICS },
  sharded: {
    ...BASICS,
    ...WATCHED,
    drill: { enabled: true },
    verify: { enabled: true },
    sharding: { shards: 8, parallelism: 4 },
  },
  deployment: { ...BASICS, mode: 'deployment' },
  everything: {
    ...BASICS,
    ...WATCHED,
    mode: 'deployment',
    image: {
      repository: 'registry.example.com/rdb-archiver',
      digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
      pullPolicy: 'Always',
    },
    imagePullSecrets: [{ name: 'registry' }],
    config: {
      sources: [{ name: 'gz', region: 'ap-guangzhou', instances: ['crs-*'] }],
      destination: { url: 's3://redis-archive/production' },
    },
    secretFiles: [{ variable: 'AWS_SECRET_ACCESS_KEY', secret: 'bucket', key: 'secret.key' }],
    extraEnv: [{ name: 'HTTPS_PROXY', valueFrom: { secretKeyRef: { name: 'proxy', key: 'url' } } }],
    extraEnvFrom: [{ secretRef: { name: 'receivers', optional: true } }],
    extraVolumes: [{ name: 'ca', configMap: { name: 'private-ca' } }],
    extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/private-ca', readOnly: true }],
    serviceAccount: {
      annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/archiver' },
    },
    tkeOidc: {
      enabled: true,
      roleArn: 'qcs::cam::uin/100000000001:roleName/rdb-archiver',
      injection: 'projected',
      region: 'ap-guangzhou',
      providerId: 'cls-example1',
    },
    fsGroup: 1000,
    drill: {
      enabled: true,
      sample: '1%',
      image: {
        repository: 'registry.example.com/rdb-archiver-drill',
        digest: `sha256:${'fedcba9876543210'.repeat(4)}`,
      },
      scratch: { sizeLimit: '50Gi' },
    },
    verify: { enabled: true, sample: '0.5%' },
    networkPolicy: {
      egressPorts: [443, 80, 5500, 9097],
      extraEgress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ protocol: 'TCP', port: 9000 }] }],
    },
    metrics: { podMonitor: { enabled: true, labels: { release: 'kube-prometheus-stack' } } },
    podLabels: { team: 'platform' },
    podAnnotations: { 'example.com/cost-centre': '42' },
    nodeSelector: { 'kubernetes.io/arch': 'amd64' },
    tolerations: [{ key: 'batch', operator: 'Exists', effect: 'NoSchedule' }],
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 1,
            preference: { matchExpressions: [{ key: 'pool', operator: 'In', values: ['batch'] }] },
          },
        ],
      },
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'rdb-archiver' } },
      },
    ],
    priorityClassName: 'batch-high',
  },
} as const;

type Shape = keyof typeof SHAPES;
export const SHAPE_NAMES = Object.keys(SHAPES) as Shape[];
