import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import { cliWith, type CliEnd } from '../../support/cli.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';

const e2e = useEndToEnd(import.meta.url);
const COUNTS = {
  queued: 2,
  not_opted_in: 3,
  no_default_webhook: 1,
  flow_webhook_disabled: 2,
  invalid_webhook: 1,
  endpoint_disabled: 1,
  route_unknown: 0,
  unusable: 1,
};

beforeAll(async () => {
  const { central, receiver, settings, sms } = e2e();
  const url = receiver.url('/hook');
  await central.optIn(1, 1, { url });
  await central.optIn(2, 2, { url });
  await central.setAccount(2, 'false');
  await central.setAccount(3, 'true');
  await central.setFlow(3, 3, true);
  await central.optIn(4, 4, { url });
  await central.setFlow(4, 4, false);
  await central.optIn(5, 5, { url: 'ftp://x.example/' });
  await central.optIn(6, 6, { url: receiver.url('/disabled') });
  const [rows] = await central.connection.query(
    'SELECT webhookID FROM Webhook WHERE accountID = 6',
  );
  const [{ webhookID = 0 } = {}] = rows as { webhookID?: number }[];
  await cliWith(settings, 'endpoints', 'disable', String(webhookID));
  // The account of each SMS, with the flow of the same number; 99 is none, 1.5 unusable.
  for (const account of [1, 1, 2, 2, 99, 3, 4, 4, 5, 6, 1.5]) {
    await sms.insertOne(
      newSms({
        accountID: account,
        flowId: account,
        deliveryStatus: 'SENT',
        deliveryTime: new Date(),
      }),
    );
  }
});

const since = new Date(Date.now() - 3_600_000).toISOString();
const backfill = async (...args: readonly string[]): Promise<CliEnd> =>
  await cliWith(e2e().settings, 'backfill', '--since', since, ...args);
const waiting = async (): Promise<number> =>
  await e2e().servers.db.collection('notify_on_delivery_retries').countDocuments();

describe('backfill', () => {
  it('counts statuses that would be notified, and the others by reason', async () => {
    const end = await backfill('--dry-run', '--json');
    expect(end.json()).toMatchObject({ dryRun: true, counts: COUNTS });
    expect(await waiting()).toBe(0);
    const { stdout } = await backfill('--dry-run');
    expect(stdout).toMatch(
      /^2 notifications would be queued, .*3 of accounts that have not opted/s,
    );
  });

  it('queues exactly these, and nothing else', async () => {
    const end = await backfill('--json');
    expect(end.json()).toMatchObject({ dryRun: false, finished: true, counts: COUNTS });
    expect(await waiting()).toBe(2);
    const again = await backfill('--json');
    expect(again.json()).toMatchObject({ counts: { ...COUNTS, queued: 0, waiting: 2 } });
  });

  it('queues nothing while MySQL does not answer, and says so', async () => {
    const settings = { ...e2e().settings, MYSQL_URI: 'mysql://root@127.0.0.1:1/central' };
    const end = await cliWith(settings, 'backfill', '--since', since, '--account', '4');
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/MySQL does not answer: .*ECONNREFUSED/);
    expect(await waiting()).toBe(2);
  });
});
