/** The alarms and the dashboard ask for metrics that there are, every alarm has its runbook, and silence is an alarm too. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeWith } from '../support/needs.ts';
import { at, DEPLOY, find, readDeploy } from './support/manifests.ts';
import { metricNames, metricsIn } from './support/metric-names.ts';
import { SHAPES } from './support/shapes.ts';
import { outputOf, RENDERERS, renderChart, withFile } from './support/tools.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

const { groups } = parse(readDeploy('helm/rdb-archiver/files/alerts.yaml')) as {
  groups: { name: string; rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readDeploy('helm/rdb-archiver/files/dashboard.json')) as {
  panels: Panel[];
  templating: { list: { query: unknown }[] };
};
const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const known = await metricNames();

describe('every alarm', () => {
  test.for(rules)(
    '$alert has a runbook: what it means, how to see it, what to do, how urgent',
    ({ alert }) => {
      const [, section = ''] = operations().split(`\n### ${alert}\n`);
      const text = section.split(/\n##/)[0] ?? '';
      for (const part of ['Means', 'See', 'Do', 'Urgency'])
        expect(text).toMatch(new RegExp(`^\\*\\*${part}\\.\\*\\* \\S`, 'm'));
    },
  );

  test('is in the runbooks only if there is such an alarm', () => {
    const sections = [...operations().matchAll(/^### (RdbArchiver\w+)$/gm)].map(([, name]) => name);
    expect(sections.toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
  });

  test.for(rules)('$alert says what is wrong and how bad it is', ({ labels, annotations }) => {
    expect(labels['severity']).toMatch(/^(critical|warning)$/);
    expect(annotations['summary']).toMatch(/\S/);
    expect(annotations['description']).toMatch(/\S/);
  });

  test('asks only for metrics that the program has', () => {
    const asked = rules.flatMap(({ expr }) => metricsIn(expr));
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('the dashboard', () => {
  test('asks only for metrics that the program has', () => {
    const asked = metricsIn(JSON.stringify([queries, dashboard.templating]));
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });

  test('shows every series of one release only', () => {
    for (const query of queries) {
      const selectors = query.match(/rdb_archiver_\w+(\{[^}]*\})?/g) ?? [];
      for (const selector of selectors) expect(selector).toContain('{job="$job"');
    }
  });
});

describeWith([...RENDERERS, 'promtool'], 'Prometheus', () => {
  // Days in steps of minutes: some seconds, many on a busy machine.
  vi.setConfig({ testTimeout: 120_000 });

  const shapes = {
    daemon: SHAPES.everything,
    cronjob: { ...SHAPES.sharded, sharding: { shards: 1 }, expire: { enabled: true } },
  };

  test.for(Object.entries(shapes))('finds nothing to say against the alarms of a %s', ([, values]) => {
    expect(promtool('check', rendered(values))).toMatch(/SUCCESS: \d+ rules found/);
  });

  test('takes the rules as they are, without the operator', () => {
    expect(
      outputOf('promtool', ['check', 'rules', resolve(DEPLOY, 'helm/rdb-archiver/files/alerts.yaml')]),
    ).toContain(`SUCCESS: ${rules.length} rules found`);
  });

  test.for(Object.entries(shapes))(
    'fires the alarms of a %s when it should, and else keeps quiet',
    ([shape, values]) => {
      const scenarios = readFileSync(resolve(import.meta.dirname, `alerts/${shape}.yaml`), 'utf8');
      expect(promtool('test', rendered(values), scenarios)).toContain('SUCCESS');
    },
  );

  test('tries every alarm that compares with what was before over a restart, in the same place and in another pod', () => {
    const { tests } = parse(readFileSync(resolve(import.meta.dirname, 'alerts/daemon.yaml'), 'utf8')) as {
      tests: { name: string; alert_rule_test: { alertname: string }[] }[];
    };
    const restarts = tests.filter(({ name }) => name.includes('restart'));
    const tried = restarts.flatMap((one) => one.alert_rule_test.map(({ alertname }) => alertname));
    const comparing = rules.filter(({ expr }) => /\boffset\b|\bincrease\(/.test(expr));
    expect(comparing.map(({ alert }) => alert).filter((alert) => !tried.includes(alert))).toEqual([]);
  });

  test('understands every query of the dashboard', () => {
    const recorded = queries.map((query, index) => ({
      record: `query:${index}`,
      expr: query
        .replaceAll('$job', 'rdb-archiver')
        .replaceAll('$source', '.*')
        .replaceAll('$__rate_interval', '5m'),
    }));
    expect(promtool('check', { groups: [{ name: 'dashboard', rules: recorded }] })).toContain(
      `SUCCESS: ${queries.length} rules found`,
    );
  });

  /** What the cluster's operator would hand to Prometheus. */
  function rendered(values: object): object {
    return at(find(renderChart(values), 'PrometheusRule'), 'spec') as object;
  }

  function promtool(command: 'check' | 'test', spec: object, scenarios = ''): string {
    return withFile('rules.json', JSON.stringify(spec), (path) => {
      if (command === 'check') return outputOf('promtool', ['check', 'rules', path]);
      const tests = stringify({ ...(parse(scenarios) as object), rule_files: [path] });
      return withFile('scenarios.yaml', tests, (file) => outputOf('promtool', ['test', 'rules', file]));
    });
  }
});

function operations(): string {
  return readFileSync(resolve(DEPLOY, '../docs/operations.md'), 'utf8');
}
