/** Who may import whom: the dependency rule of src/README.md as a check. A stage never imports another sideways. */

/** Each a room with its whole story; its report.ts is what the command line prints. */
const VERBS = ['verify', 'restore', 'drill', 'inspect', 'expire', 'check', 'list', 'index'];

/** What each part of src/ may import besides itself; `part/file` grants a single file of that part, usually a port. */
const MAY_IMPORT = {
  domain: [],
  disk: ['domain'],
  config: ['domain'],
  source: ['domain'],
  store: [
    'disk',
    'domain',
    'integrity/crc32-join',
    'integrity/crc64',
    'integrity/md5-pair',
    'integrity/taps',
  ],
  plan: ['domain'],
  integrity: ['domain'],
  rdb: ['domain'],
  codec: ['domain'],
  report: ['domain'],
  network: ['domain'],
  transfer: ['domain', 'integrity', 'rdb', 'network/connect', 'source/source', 'store/object-store'],
  catalog: ['domain', 'integrity', 'store/object-store'],
  archiver: [
    'domain',
    'plan',
    'integrity',
    'rdb',
    'transfer',
    'catalog',
    'report/observer',
    'source/source',
    'store/object-store',
  ],
  verify: ['domain', 'catalog', 'store/object-store'],
  expire: ['domain', 'plan', 'catalog', 'store/object-store'],
  drill: ['domain', 'plan', 'integrity', 'rdb', 'catalog', 'store/object-store'],
  restore: ['disk', 'domain', 'integrity', 'catalog'],
  inspect: ['domain', 'integrity', 'rdb', 'catalog'],
  status: ['domain', 'plan', 'catalog', 'source/source', 'archiver/survey'],
  check: [
    'domain',
    'plan',
    'source/source',
    'store/object-store',
    'transfer/try-link',
    'archiver/survey',
    'catalog',
  ],
  index: ['domain', 'catalog', 'store/object-store'],
  list: ['domain', 'plan', 'catalog', 'source/source', 'archiver/survey'],
  daemon: ['domain', 'config', 'report', 'app'],
  sandbox: ['domain'],
  cli: ['disk', 'domain', 'config', 'report', 'daemon', 'app', ...VERBS.map((verb) => `${verb}/report`)],
  'system-clock': ['domain'],
  version: [],
  'node-version': [],
  'require-node': ['node-version'],
};

/** Who uses a package: where two files share one, replacing the package is no longer one idea. */
const PACKAGE_OWNERS = {
  got: [
    'source/api-client',
    'source/metadata',
    'source/credentials/',
    'transfer/got-get',
    'report/notify/exchange',
  ],
  'ipaddr.js': ['transfer/where-links-lead'],
  '@aws-sdk': ['store/'],
  '@smithy': ['store/'],
  'p-retry': ['archiver/retry'],
  '@redis/client': ['drill/server-link'],
  picomatch: ['plan/selection'],
  'age-encryption': ['codec/age'],
  pino: ['report/log'],
  'cli-progress': ['report/terminal/bars'],
  commander: ['cli/'],
  zod: [
    'config/',
    'catalog/',
    'drill/record',
    'expire/',
    'verify/verifications',
    'source/credentials/',
    'store/probe/memory',
  ],
  yaml: ['config/'],
  dotenv: ['config/'],
  ini: ['source/credentials/profile-file'],
  'fastest-levenshtein': ['config/'],
  'prom-client': ['report/metrics/'],
  hyparquet: ['catalog/index/segment'],
  'hyparquet-writer': ['catalog/index/segment'],
  'node-cron': ['daemon/cron', 'config/daemon-fields'],
};

/** The only room that knows every adapter. */
const COMPOSITION_ROOT = '^src/app/';

const quote = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const inSrc = (part) => `^src/${quote(part)}(/|\\.[jt]s$)`;

const layers = Object.entries(MAY_IMPORT).map(([part, allowed]) => ({
  name: `${part}-imports-only-${allowed.length === 0 ? 'itself' : 'its-own'}`,
  comment: `src/${part} may import ${allowed.length === 0 ? 'nothing' : allowed.join(', ')} of src/.`,
  severity: 'error',
  from: { path: inSrc(part) },
  to: { path: '^src/', pathNot: [part, ...allowed].map(inSrc) },
}));

const owners = Object.entries(PACKAGE_OWNERS).map(([name, files]) => ({
  name: `${name.replace('@', '')}-has-one-owner`,
  comment: `Only ${files.map((file) => `src/${file}`).join(', ')} may import ${name}.`,
  severity: 'error',
  from: { path: '^src/', pathNot: files.map((file) => `^src/${quote(file)}`) },
  to: { path: `(^|node_modules/)${quote(name)}(/|$)` },
}));

module.exports = {
  forbidden: [
    ...layers,
    ...owners,
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one idea in the wrong two places.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing-unresolvable',
      comment: 'An import that leads nowhere; also what shows that the checker reads the TypeScript at all.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'domain-is-pure',
      comment: 'The nouns and rules touch no file, socket or process.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?util$' },
    },
    {
      name: 'domain-needs-no-package',
      comment: 'The nouns and rules stand on the language alone.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { path: 'node_modules' },
    },
    {
      name: 'nobody-imports-the-entry',
      comment: 'main.ts and bin.ts start the program; nothing stands on them.',
      severity: 'error',
      from: { pathNot: '^src/(main|bin)\\.ts$' },
      to: { path: '^src/(main|bin)\\.ts$' },
    },
    {
      name: 'app-does-not-know-the-command-line',
      comment: 'The composition root wires ports; the command line uses it, not the other way round.',
      severity: 'error',
      from: { path: COMPOSITION_ROOT },
      to: { path: '^src/cli/' },
    },
    {
      name: 'adapters-are-wired-in-one-place',
      comment:
        'Proxies and certificates are set up once, in the composition root, and handed down. A bare connection knows neither.',
      severity: 'error',
      from: { path: '^src/', pathNot: [COMPOSITION_ROOT, '^src/network/'] },
      to: { path: '^src/network/', pathNot: '^src/network/connect\\.ts$' },
    },
    {
      name: 'src-ships-alone',
      comment:
        'Whatever the product uses comes into its bundle, so it uses only packages that were let in: those with an owner, and p-limit.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown', 'undetermined', 'unknown'],
        dependencyTypesNot: ['type-only'],
        pathNot: [...Object.keys(PACKAGE_OWNERS), 'p-limit'].map(
          (name) => `(^|node_modules/)${quote(name)}(/|$)`,
        ),
      },
    },
    {
      name: 'src-does-not-import-tests',
      comment: 'Stand-ins and builders stay out of the product.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Without swc the checker would read no TypeScript and find nothing wrong: it does not speak TypeScript 7 yet.
    // swc also shows type-only imports, which is how the ports are imported.
    parser: 'swc',
    moduleSystems: ['es6'],
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node'] },
  },
};
