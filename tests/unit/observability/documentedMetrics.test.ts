import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createMetrics } from '../../../src/observability/metrics.ts';

/** Label names by metric name. */
type Labels = ReadonlyMap<string, readonly string[]>;

function documented(): Labels {
  const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const section = /## Metrics\n(.*?)\n## /s.exec(page)?.[1] ?? '';
  const rows = [...section.matchAll(/^\| `([a-z_]+)` *\| ([^|]*)\|/gm)];
  return new Map(
    rows.map(([, name = '', labels = '']) => [
      name,
      [...labels.matchAll(/`([a-z_]+)`/g)].map(([, label = '']) => label).sort(),
    ]),
  );
}

/** Of the exposition, once every metric has a series. */
async function exposed(): Promise<Labels> {
  const metrics = createMetrics();
  metrics.streamReopened('280');
  metrics.recordFailed('121');
  metrics.rowUnreadable('x');
  metrics.httpThreadEnded('hung');
  const topic = metrics.topic();
  topic.partitionLag(0, 1);
  topic.messageWritten(Date.now());
  metrics.traces();
  const text = await metrics.text();
  const names = [...text.matchAll(/^# TYPE notify_on_delivery_([a-z_]+) /gm)];
  return new Map(
    names.map(([, name = '']) => {
      const series =
        new RegExp(`^notify_on_delivery_${name}(?:_sum)?\\{(.*)\\}`, 'm').exec(text)?.[1] ?? '';
      return [name, [...series.matchAll(/(\w+)="/g)].map(([, label = '']) => label).sort()];
    }),
  );
}

describe('the table of metrics in the documentation', () => {
  let table: Labels;
  beforeAll(() => {
    table = documented();
  });

  it('names every metric there is and no other, with its labels', async () => {
    const there = await exposed();
    expect(there.size).toBeGreaterThan(15);
    expect(Object.fromEntries(table)).toEqual(Object.fromEntries(there));
  });
});
