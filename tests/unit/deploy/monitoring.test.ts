import { beforeAll, describe, expect, it } from '@jest/globals';
import { createMetrics } from '../../../src/observability/metrics.ts';
import {
  readAlertRules,
  readDashboardQueries,
  readProjectFile,
  readYaml,
} from '../../support/deployFiles.ts';

/** The values of each label, by name of the series. */
type Series = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

async function exposed(): Promise<Series> {
  const metrics = createMetrics();
  const topic = metrics.topic();
  topic.partitionLag(0, 1);
  topic.messageWritten(Date.now());
  metrics.traces();
  metrics.streamReopened('280');
  metrics.recordFailed('121');
  metrics.leaseHeld('0', true);
  metrics.streamRead({ empty: true, wallTime: new Date() });
  metrics.checkpointAt('0', new Date());
  metrics.stateRead({
    retriesPending: 0,
    retriesBlocked: 0,
    oldestOverdueSeconds: 0,
    endpointsDisabled: 0,
    oldestOplogEntryAt: new Date(),
  });
  const series = new Map<string, Map<string, Set<string>>>();
  const lines = (await metrics.text()).matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm);
  for (const [, name = '', labels = ''] of lines) {
    const values = series.get(name) ?? new Map<string, Set<string>>();
    series.set(name, values);
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      values.set(label, (values.get(label) ?? new Set()).add(value));
    }
  }
  return series;
}

/** What Prometheus itself adds to every series, or has of every target. */
const ofTarget = new Set(['job', 'instance']);
const ofPrometheus = new Set(['up']);

/** Every `name{label="value"}` of a query, and whatever else has our prefix. */
function selectors(query: string): readonly (readonly [name: string, matchers: string])[] {
  const found = query.matchAll(/\b(notify_on_delivery_\w+|\w+(?=\{))(?:\{([^}]*)\})?/g);
  return [...found].map(([, name = '', matchers = '']) => [name, matchers]);
}

function unknownIn(query: string, series: Series): readonly string[] {
  return selectors(query).flatMap(([name, matchers]) => {
    if (ofPrometheus.has(name)) return [];
    const labels = series.get(name);
    if (labels === undefined) return [name];
    return [...matchers.matchAll(/(\w+)\s*[=!]~?\s*"([^"]*)"/g)].flatMap(
      ([, label = '', pattern = '']) =>
        ofTarget.has(label)
          ? []
          : pattern
              .split('|')
              .filter((value) => labels.get(label)?.has(value) !== true)
              .map((value) => `${name}{${label}="${value}"}`),
    );
  });
}

/** As GitHub makes anchors of headings. */
function anchors(page: string): ReadonlySet<string> {
  const headings = readProjectFile(page).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

let series: Series;
beforeAll(async () => {
  series = await exposed();
});

describe('what is asked of Prometheus', () => {
  it('is told from what the worker does not show', () => {
    const query = 'notify_on_delivery_in_flight{job="a"} + up{job="a"}';
    expect(unknownIn(query, series)).toEqual([]);
    expect(unknownIn(query.replace('in_flight', 'inflight'), series)).toHaveLength(1);
    const share = 'rate(notify_on_delivery_attempts_total{outcome=~"2xx|6xx", result="hit"}[5m])';
    expect(unknownIn(share, series)).toEqual([
      'notify_on_delivery_attempts_total{outcome="6xx"}',
      'notify_on_delivery_attempts_total{result="hit"}',
    ]);
  });
});

const runbooks = ['docs/operations.md', 'docs/kafka.md'];

describe('deploy/prometheus/alerts.yml', () => {
  const rules = readAlertRules();

  it.each(rules)('$alert asks for what the worker shows', ({ expr }) => {
    expect(selectors(expr)).not.toEqual([]);
    expect(unknownIn(expr, series)).toEqual([]);
  });

  it.each(rules)('$alert says how bad it is, what it is and what to do', (rule) => {
    expect(['critical', 'warning', 'info']).toContain(rule.labels.severity);
    expect(rule.annotations.summary).toMatch(/\.$/);
    expect(rule.annotations.description).toMatch(/\.$/);
    const [page = '', anchor = ''] = rule.annotations.runbook.split('#');
    expect(runbooks).toContain(page);
    expect([...anchors(page)]).toContain(anchor);
  });

  it('has an alert for every paragraph of the runbook', () => {
    const headings = runbooks.flatMap((page) => {
      const section = /^## Runbook\n(.*?)^## /ms.exec(readProjectFile(page));
      return [...(section?.[1] ?? '').matchAll(/^### (.*)$/gm)];
    });
    const linked = new Set(rules.map(({ annotations }) => annotations.runbook.split('#')[1]));
    expect(headings).toHaveLength(linked.size);
  });

  it('fires each of its alerts in a test', () => {
    const groups = ['workers', 'stream', 'kafka', 'deliveries', 'endpoints'];
    const tests = groups.map((group) =>
      readProjectFile(`deploy/prometheus/alerts.${group}.test.yml`),
    );
    const fired = tests.flatMap((text) => [...text.matchAll(/\{alertname="(\w+)"\}/g)]);
    expect(new Set(fired.map(([, name]) => name))).toEqual(
      new Set(rules.map(({ alert }) => alert)),
    );
  });

  it('expects the job that the sample configuration has', () => {
    const { scrape_configs: jobs } = readYaml('deploy/prometheus/prometheus.yml') as {
      scrape_configs: { job_name: string }[];
    };
    const expected = rules.flatMap(({ expr }) => [...expr.matchAll(/\bjob="([^"]*)"/g)]);
    expect(new Set(expected.map(([, job]) => job))).toEqual(
      new Set(jobs.map(({ job_name: job }) => job)),
    );
  });
});

describe('deploy/grafana/notify-on-delivery.json', () => {
  it.each(readDashboardQueries())('$panel: $expr', ({ expr }) => {
    expect(selectors(expr)).not.toEqual([]);
    expect(unknownIn(expr, series)).toEqual([]);
  });

  it('shows every metric there is', () => {
    const shown = readDashboardQueries().flatMap(({ expr }) =>
      selectors(expr).map(([name]) => name.replace(/_(bucket|sum|count)$/, '')),
    );
    const there = [...series.keys()].map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    expect(new Set(shown.filter((name) => name !== 'up'))).toEqual(new Set(there));
  });
});
