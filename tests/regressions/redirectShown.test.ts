import { expect, it } from '@jest/globals';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { redirectTo } from '../support/answer.ts';
import { cliWith } from '../support/cli.ts';
import { useEndToEnd } from '../support/endToEnd.ts';

const e2e = useEndToEnd(import.meta.url);

// A webhook that had moved failed for days, and nothing but "test" said where to.
it('where a redirect leads is shown by explain, check, retries list and test, without its query', async () => {
  const { central, receiver, sms, record, settings, worker } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/moved') });
  receiver.answer('/moved', redirectTo(receiver.url('/new/place?token=hidden')));
  const scheduling = await worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '1h' });
  const document = newSms({ accountID: 28, flowId: 200 });
  await sms.insertOne(document);
  await setStatus(sms, document._id, 'DELIVERED');
  await record(document._id, ({ state }) => state === 'retrying');
  const commands = [
    ['explain', document._id],
    ['check', '--account', '28', '--flow', '200'],
    ['test', '28'],
    ['retries', 'list', '--json'],
  ];
  for (const args of commands) {
    const { stdout } = await cliWith(settings, ...args);
    expect([args[0], stdout]).toEqual([
      args[0],
      expect.stringContaining(receiver.url('/new/place')),
    ]);
    expect(stdout).not.toMatch(/token|hidden/);
  }
  expect(receiver.requests('/new/place')).toEqual([]);
  await scheduling.stop();
});

it('explain shows it of one that has ended, too, and not any more once it was delivered', async () => {
  const { central, receiver, sms, record, settings } = e2e();
  await e2e().worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '' });
  await central.optIn(29, 201, { url: receiver.url('/gone') });
  receiver.answer('/gone', redirectTo(receiver.url('/new/place?token=hidden')));
  const document = newSms({ accountID: 29, flowId: 201 });
  await sms.insertOne(document);
  await setStatus(sms, document._id, 'DELIVERED');
  const failed = await record(document._id, ({ state }) => state === 'failed');
  const { stdout } = await cliWith(settings, 'explain', document._id);
  expect(stdout).toContain(`redirected to\nDELIVERED  failed`);
  expect(stdout).toContain(receiver.url('/new/place'));
  expect(stdout).not.toMatch(/token|hidden/);
  const check = ['check', '--account', '29', '--flow', '201'];
  expect((await cliWith(settings, ...check)).stdout).toContain(receiver.url('/new/place'));
  receiver.answer('/gone', { status: 200 });
  const span = ['--since', '2026-01-01', '--until', '2100-01-01', '--account', '29'];
  expect(await cliWith(settings, 'replay', ...span)).toMatchObject({ code: 0 });
  await record(document._id, ({ state }) => state === 'delivered');
  const after = await cliWith(settings, 'explain', document._id);
  expect(after.stdout).not.toContain('/new/place');
  expect((await cliWith(settings, ...check)).stdout).not.toContain('/new/place');
  expect(failed).toMatchObject({ statusCode: 302 });
});
