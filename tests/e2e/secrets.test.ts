import { expect, it } from '@jest/globals';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { settled } from '../support/settled.ts';
import { startMysql } from '../support/servers.ts';
import { openCentralDatabase } from '../../scripts/harness/centralDatabase.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

/** Each is to be found nowhere in what the worker writes. */
const marked = {
  text: 'MARKEDTEXT',
  phone: '918877665544',
  query: 'MARKEDQUERY',
  user: 'MARKEDUSER',
  password: 'MARKEDPASSWORD',
  header: 'MARKEDHEADER',
  secret: `whsec_${Buffer.from('MARKEDSECRETMARKEDSECRETMARKEDSE').toString('base64')}`,
  mysqlPassword: 'MARKEDMYSQL',
};

it('never writes texts, numbers, queries, credentials, header values or secrets to its log', async () => {
  const { receiver, worker, sms, record } = e2e();
  const mysql = await startMysql();
  await using _closing = { [Symbol.asyncDispose]: async () => await mysql.close() };
  const central = await openCentralDatabase(mysql.uri);
  await central.connection.query(`CREATE USER reader@'%' IDENTIFIED BY '${marked.mysqlPassword}'`);
  await central.connection.query("GRANT SELECT ON central.* TO reader@'%'");
  const withCredentials = (path: string): string =>
    receiver
      .url(`${path}?token=${marked.query}`)
      .replace('://', `://${marked.user}:${marked.password}@`);
  const headers = { 'x-api-key': marked.header };
  const webhooks = [
    { url: withCredentials('/fine'), headers, secret: marked.secret },
    { url: withCredentials('/fails'), headers, secret: marked.secret },
    { url: withCredentials('/fine'), headers: { 'bad header': marked.header } },
    { url: withCredentials('/fine'), secret: `${marked.secret} MARKEDSECRET` },
    { url: `nowhere:/${marked.user}:${marked.password}@x?${marked.query}` },
    { url: `http://${marked.user}:${marked.password}@no-such-host.invalid/?${marked.query}` },
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
  const private_ = { text: marked.text, to: marked.phone };
  const ids: string[] = [];
  for (const index of webhooks.keys()) {
    const document = newSms({ accountID: index, flowId: index, ...private_ });
    ids.push(document._id);
    await sms.insertOne(document);
    await setStatus(sms, document._id, 'DELIVERED');
  }
  await sms.insertOne({
    ...newSms({ ...private_, accountID: marked.phone.repeat(9) }),
    deliveryStatus: 'SENT',
  });
  await sms.insertOne({ ...newSms(private_), deliveryStatus: [marked.text] });
  for (const id of ids) await record(id);
  await settled(e2e());
  await mysql.kill();
  await until('readiness fails', async () => (await running.probe('/readyz'))?.status === 503);
  await running.stop();

  expect(running.output()).toContain('"event":"attempt"');
  expect(running.output()).toContain('invalid_webhook');
  for (const [name, value] of Object.entries(marked)) {
    expect({ name, found: running.output().includes(value) }).toEqual({ name, found: false });
  }
});
