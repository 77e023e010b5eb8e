import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../config/packageRoot.ts';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { runCommand } from '../../scripts/services/command.ts';
import {
  findPrometheus,
  startPrometheus,
  type Prometheus,
} from '../../scripts/services/prometheus.ts';
import { readAlertRules, readDashboardQueries, readYaml } from '../support/deployFiles.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url, { readsOplog: true });
const folder = join(packageRoot(), 'deploy/prometheus');

async function promtool(...args: readonly string[]): Promise<string> {
  return await runCommand(await findPrometheus('promtool'), args, {
    cwd: folder,
    timeoutMs: 60_000,
  });
}

describe('the rules', () => {
  it('are rules to promtool, and so is the configuration that names them', async () => {
    const { length } = readAlertRules();
    expect(await promtool('check', 'rules', 'alerts.yml')).toContain(`${length} rules found`);
    expect(await promtool('check', 'config', 'prometheus.yml')).toContain('1 rule files found');
  });

  it('fire when they are meant to, and only then', async () => {
    const tests = readdirSync(folder).filter((file) => file.endsWith('.test.yml'));
    const said = await promtool('test', 'rules', ...tests);
    expect(said.match(/SUCCESS/g)).toHaveLength(tests.length);
  });
});

interface Configuration {
  readonly global: object;
  readonly scrape_configs: readonly object[];
}

/** The shipped configuration with another target, and seconds for quarters of a minute. */
async function watch(target: string): Promise<Prometheus> {
  const { global, scrape_configs: jobs } = readYaml(
    'deploy/prometheus/prometheus.yml',
  ) as Configuration;
  return await startPrometheus({
    global: { ...global, scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(folder, 'alerts.yml')],
    scrape_configs: jobs.map((job) => ({ ...job, static_configs: [{ targets: [target] }] })),
  });
}

/** As Grafana fills in the variables. */
function fillIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '10s').replaceAll('$job', 'notify-on-delivery');
}

/** Their labels are MongoDB's codes, so there is no series before the first one. */
const emptyAtFirst = /stream_reopened_total|record_failures_total/;
/** A worker of the change stream has none of these; one that sends no traces has none of those. */
const ofTopic =
  /partition_lag|source_age_seconds|rebalances_total|unreadable_messages_total|trace_spans_/;

describe('a Prometheus', () => {
  beforeAll(async () => {
    const { central, receiver } = e2e();
    await central.optIn(28, 200, { url: receiver.url('/hook') });
    await central.optIn(29, 290, { url: receiver.url('/fails') });
    receiver.answer('/fails', { status: 503 });
  });

  it('has data for every panel, evaluates every rule, and sees when nobody works', async () => {
    const { worker, sms } = e2e();
    const active = await worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '10m' });
    const { httpPort } = await active.line('started');
    const prometheus = await watch(`127.0.0.1:${String(httpPort)}`);
    try {
      const write = async (accountID: number, flowId: number): Promise<unknown> =>
        await sms.insertOne(newSms({ accountID, flowId, deliveryStatus: 'SENT' }));
      await write(29, 290);
      const queries = readDashboardQueries();
      await until(
        'every panel has data',
        async () => {
          await write(28, 200);
          const empty: string[] = [];
          for (const { panel, expr } of queries) {
            const samples = await prometheus.query(fillIn(expr));
            const hasData = samples.some(({ value }) => Number.isFinite(value));
            if (!hasData && !emptyAtFirst.test(expr) && !ofTopic.test(expr)) empty.push(panel);
          }
          if (empty.length > 0) throw new Error(`no data: ${empty.join(', ')}`);
          return true;
        },
        { intervalMs: 250 },
      );

      const rules = await until('every rule was evaluated', async () => {
        const all = await prometheus.rules();
        return all.every(({ health }) => health !== 'unknown') ? all : null;
      });
      expect(rules).toHaveLength(readAlertRules().length);
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);

      const nobody = 'ALERTS{alertname=~"NotifyOnDelivery(NoWorker|WorkerDown|NoLeaseHolder)"}';
      const names = async (): Promise<readonly unknown[]> =>
        (await prometheus.query(nobody)).map(({ metric }) => metric['alertname']);
      await until('all is well', async () => (await names()).length === 0);
      await active.stop();
      await until('it is missed', async () => (await names()).length === 2);
      expect(await names()).toContain('NotifyOnDeliveryNoWorker');
      expect(await names()).toContain('NotifyOnDeliveryWorkerDown');
    } finally {
      await prometheus.close();
    }
  });
});
