import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createRouteQuery } from '../../../src/mysql/routeQuery.ts';
import { never, useMysqlClients } from '../mysql/routeFixture.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
const clientFor = useMysqlClients();

const page = readFileSync(new URL('../../../docs/central-schema.md', import.meta.url), 'utf8');
const block = (kind: string): RegExp => new RegExp(`\`\`\`sql ${kind}\\n(?<sql>.*?)\`\`\``, 's');

/** Each heading with its tables and its query. */
const examples = page
  .split(/^### /m)
  .slice(1)
  .map((section) => ({
    title: section.split('\n', 1)[0] ?? '',
    tables: block('tables').exec(section)?.groups?.['sql'] ?? '',
    query: block('query').exec(section)?.groups?.['sql'] ?? '',
  }));

describe('the examples of other tables', () => {
  it('are all found', () => {
    expect(examples).toHaveLength(4);
    expect(examples.every(({ tables, query }) => tables !== '' && query !== '')).toBe(true);
  });

  it.each(examples)('fit their tables: $title', async ({ title, tables, query }) => {
    await servers().mysql.query(tables);
    const client = clientFor(servers().mysqlUri);
    const route = createRouteQuery({ client, text: query, file: title });
    await route.check(never);
    const ask = async (accountId: number, deliveryStatus: string) =>
      await route.run({ accountId, flowId: 200, deliveryStatus }, never);
    expect(await ask(28, 'DELIVERED')).toMatchObject({
      kind: 'open',
      webhook: { displayUrl: 'https://hooks.example/sms' },
    });
    expect(await ask(29, 'DELIVERED')).toEqual({ kind: 'notOptedIn' });
    if (!route.usesDeliveryStatus) return;
    expect(await ask(28, 'FAILED')).toMatchObject({
      webhook: { displayUrl: 'https://alarm.example/' },
    });
    expect(await ask(28, 'SENT')).toEqual({ kind: 'notOptedIn' });
  });
});
