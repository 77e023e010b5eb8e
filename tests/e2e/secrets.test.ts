import { expect, it } from '@jest/globals';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { marked, markedFields, markedWebhook, marksIn } from '../support/marked.ts';
import { settled } from '../support/settled.ts';
import { startMysql } from '../support/servers.ts';
import { openCentralDatabase } from '../../scripts/harness/centralDatabase.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

it('never writes texts, numbers, queries, credentials, header values or secrets to its log', async () => {
  const { receiver, worker, sms, record } = e2e();
  const mysql = await startMysql();
  await using _closing = { [Symbol.asyncDispose]: async () => await mysql.close() };
  const central = await openCentralDatabase(mysql.uri);
  await central.connection.query(`CREATE USER reader@'%' IDENTIFIED BY '${marked.mysqlPassword}'`);
  await central.connection.query("GRANT SELECT ON central.* TO reader@'%'");
  const fine = markedWebhook(receiver.url('/fine'));
  const webhooks = [
    fine,
    markedWebhook(receiver.url('/fails')),
    { ...fine, headers: { 'bad header': marked.header } },
    { ...fine, secret: `${marked.secret} MARKEDSECRET` },
    { ...fine, url: `nowhere:/${marked.user}:${marked.password}@x?${marked.query}` },
    markedWebhook('http://no-such-host.invalid/'),
    markedWebhook('http://10.0.0.1/'),
  ];
  for (const [index, webhook] of webhooks.entries()) await central.optIn(index, index, webhook);
  receiver.answer('/fails', { status: 500, body: marked.text });
  await central.close();

  const uri = mysql.uri.replace('root@', `reader:${marked.mysqlPassword}@`);
  const running = await worker({
    MYSQL_URI: uri,
    QUICK_RETRIES: '',
    RETRY_SCHEDULE: '',
    LOG_LEVEL: 'debug',
  });
  const ids: string[] = [];
  for (const index of webhooks.keys()) {
    const document = newSms({ accountID: index, flowId: index, ...markedFields });
    ids.push(document._id);
    await sms.insertOne(document);
    await setStatus(sms, document._id, 'DELIVERED');
  }
  await sms.insertOne({
    ...newSms({ ...markedFields, accountID: marked.phone.repeat(9) }),
    deliveryStatus: 'SENT',
  });
  await sms.insertOne({ ...newSms(markedFields), deliveryStatus: [marked.text] });
  for (const id of ids) await record(id);
  await settled(e2e());
  await mysql.kill();
  await until('readiness fails', async () => (await running.probe('/readyz'))?.status === 503);
  await running.stop();

  expect(running.output()).toContain('"event":"attempt"');
  expect(running.output()).toContain('invalid_webhook');
  expect(marksIn(running.output())).toEqual([]);
});
