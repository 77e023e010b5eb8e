import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection } from 'mongodb';
import { newSms, type SmsDocument } from '../../../scripts/harness/smsPlatform.ts';
import { cliWith } from '../../support/cli.ts';
import type { ConsoleApp } from '../../support/consoleApp.ts';
import { minuteAt } from '../../support/seedNotifications.ts';
import { until } from '../../support/until.ts';
import { untyped } from '../../support/untyped.ts';
import { useConsole } from '../../support/useConsole.ts';

const world = useConsole(import.meta.url);
const span = { since: minuteAt(0).toISOString(), until: minuteAt(10).toISOString() };
const query = new URLSearchParams({ ...span, state: 'failed' }).toString();
const FAILED = 8;

const sms = (): Collection<SmsDocument> => world().servers.db.collection('SMSDetailDocument');
const waiting = async (): Promise<number> => await world().state.retries.countDocuments();

function recorded(state: string, fields: Readonly<Record<string, unknown>> = {}): SmsDocument {
  const status = { deliveryStatus: 'DELIVERED', statusAt: minuteAt(1) };
  return newSms({
    deliveryStatus: 'DELIVERED',
    ...fields,
    notify_on_delivery: { state, ...status },
  });
}

beforeEach(async () => {
  const { state } = world();
  await sms().deleteMany({});
  await state.retries.deleteMany({});
  await state.jobs.deleteMany({});
  await sms().insertMany([
    ...Array.from({ length: FAILED }, () => recorded('failed')),
    ...[recorded('delivered'), recorded('retrying'), recorded('failed', { accountID: 29 })],
  ]);
});

/** Once the whole collection has been gone through. */
async function countedPage(app: ConsoleApp, asked = query) {
  return await until('they are counted', async () => {
    const page = await app.get(`/accounts/28/resend?${asked}`, 'support');
    return page.text.includes('would be queued') ? page : null;
  });
}

const start = async (app: ConsoleApp, rate = '1000', fields: Record<string, string> = {}) =>
  await app.act('/accounts/28/resend', { ...span, state: 'failed', rate, ...fields }, 'support');

describe('what would be resent', () => {
  it('is counted before anything is, as the command counts it', async () => {
    const { app, servers } = world();
    const page = await countedPage(app);
    expect(page.text).toContain(`${FAILED} notifications would be queued, 1 already waiting`);
    expect(page.text).toContain(`Resend ${FAILED}`);
    expect(await waiting()).toBe(0);
    expect(await world().audited()).toEqual([]);
    const settings = {
      MONGODB_URI: servers.mongodbUri,
      MYSQL_URI: servers.mysqlUri,
      MONGODB_DATABASE: servers.database,
    };
    const asCommand = ['replay', '--since', span.since, '--until', span.until, '--dry-run'];
    const end = await cliWith(settings, ...asCommand, '--account', '28', '--state', 'failed');
    expect(page.text).toContain(end.stdout.trim());
  });

  it('ends now unless it is said when, and means the same from then on', async () => {
    const page = await world().app.get('/accounts/28/resend?since=2026-01-31T10:00', 'support');
    expect(page.status).toBe(303);
    expect(page.to).toMatch(/state=failed&since=2026-01-31T04%3A30%3A00.000Z&until=20\d\d-/);
  });

  it('can be fetched again by itself, while that was a short time ago', async () => {
    const { app } = world();
    await countedPage(app);
    const part = await app.get(`/accounts/28/resend/count?${query}`, 'support');
    expect(part.text).toContain(`${FAILED} notifications would be queued`);
    expect(part.html).not.toContain('<html');
    const other = await app.get(`/accounts/31/resend/count?${query}`, 'support');
    expect(other.text).toContain('Count them again');
  });

  it.each([
    [`?since=${span.until}&until=${span.since}`, 'Since must be before Until'],
    ['?since=yesterday', 'Since is not an ISO 8601 time'],
    [`?${query.replace('failed', 'retrying')}`, 'State must be one of delivered, failed, skipped'],
  ])('is asked for in words that name the field: %s', async (asked, says) => {
    const page = await world().app.get(`/accounts/28/resend${asked}`, 'support');
    expect(page.status).toBe(409);
    expect(page.text).toContain(says);
  });

  it('is not for viewers', async () => {
    expect((await world().app.get('/accounts/28/resend', 'viewer')).status).toBe(403);
  });
});

describe('a job', () => {
  it('queues what failed, says so, and is in the audit', async () => {
    const { app } = world();
    await countedPage(app);
    const begun = await start(app);
    expect(begun.to).toMatch(/^\/jobs\/replay%20[\da-f]{16}$/);
    expect(begun.text).toContain('The job has begun.');
    const page = await until('it has finished', async () => {
      const shown = await app.get(begun.to ?? '', 'viewer');
      return shown.text.includes('State finished') ? shown : null;
    });
    expect(page.text).toContain(`${FAILED} notifications queued, 1 already waiting, unchanged.`);
    expect(page.text).toContain(`npm run cli -- replay --since ${span.since}`);
    expect(await waiting()).toBe(FAILED);
    expect(await world().audited()).toEqual([
      {
        user: 'asha',
        what: 'resend notifications (failed)',
        on: 'account 28, since 2026-01-31T15:30:00.000+05:30 until 2026-01-31T15:40:00.000+05:30',
      },
    ]);
  });

  it('is the only one of its account; it can be stopped, and goes on where it was', async () => {
    const { app } = world();
    const begun = await start(app, '1');
    const path = begun.to ?? '';
    await until('some are queued', async () => (await waiting()) > 0);
    const second = await start(app, '1000', { state: 'delivered' });
    expect(second.status).toBe(409);
    expect(second.text).toContain('Notifications of account 28 are being resent already');
    const live = await app.get(`${path}/live`, 'support');
    expect(live.html).toMatch(/<progress value="\d+" max="\d+">/);
    expect(live.text).toMatch(/\d of \d+ examined\./);
    expect(live.text).toContain('Stop it');
    await app.act(`${path}/stop`, {}, 'support');
    await until('it has stopped', async () =>
      (await app.get(path, 'support')).text.includes('State interrupted'),
    );
    expect(await waiting()).toBeLessThan(FAILED);
    const resumed = await app.act(`${path}/resume`, { rate: '1000' }, 'support');
    expect(resumed.to).toBe(path);
    await until('it has finished', async () =>
      (await app.get(path, 'support')).text.includes('State finished'),
    );
    expect(await waiting()).toBe(FAILED);
    expect((await app.get(path, 'viewer')).text).toContain(`${FAILED} notifications queued`);
    const again = await app.act(`${path}/resume`, { rate: '1000' }, 'support');
    expect(again.text).toContain('has finished, or is running already');
  });

  it('is refused while another process works for the account', async () => {
    const [one, other] = [world().another({}), world().another({})];
    await start(one, '1');
    const refused = await start(other, '1', { state: 'delivered' });
    expect(refused.text).toContain('Notifications of account 28 are being resent already');
  });

  it('stops with the console, and its command goes on with it', async () => {
    const { servers } = world();
    const app = world().another({});
    const begun = await start(app, '1');
    await until('some are queued', async () => (await waiting()) > 0);
    await app.close();
    const page = await world().app.get(begun.to ?? '', 'support');
    expect(page.text).toContain('State interrupted');
    expect(page.text).toContain('Go on where it stopped');
    const [, command = ''] = /npm run cli -- (replay [^<]*)</.exec(page.html) ?? [];
    const settings = {
      MONGODB_URI: servers.mongodbUri,
      MYSQL_URI: servers.mysqlUri,
      MONGODB_DATABASE: servers.database,
    };
    const end = await cliWith(settings, ...command.split(' '), '--json');
    expect(end.json()).toMatchObject({ resumed: true, finished: true });
    expect(await waiting()).toBe(FAILED);
  });

  it.each(['0', '1001', '1.5', '-3', '', '9e9'])('has no rate of %j', async (rate) => {
    const page = await start(world().app, rate);
    expect(page.status).toBe(409);
    expect(page.text).toMatch(/The rate (?:must be a whole number|is missing)/);
    expect(await world().state.jobs.countDocuments()).toBe(0);
  });

  it('that does not exist is said, whatever it is called', async () => {
    for (const name of ['replay%200', '%7B%22%24gt%22%3A%22%22%7D', 'x'.repeat(2_000)]) {
      const page = await world().app.get(`/jobs/${name}`);
      expect(page.status).toBe(409);
      expect(page.text).toContain('There is no such job');
    }
  });

  it('of all accounts has its command, and is not begun here', async () => {
    const { app, state } = world();
    await untyped(state.jobs).insertOne({
      ...{ _id: 'replay x', kind: 'replay', run: 'r', state: 'interrupted', from: 'a', counts: {} },
      arguments: { ...span, state: 'failed' },
      ...{ token: 't', startedAt: minuteAt(11), updatedAt: minuteAt(12) },
    });
    const page = await app.get('/jobs/replay%20x', 'support');
    expect(page.text).toContain('Resending for all accounts');
    expect(page.text).not.toContain('Go on where it stopped');
    const refused = await app.act('/jobs/replay%20x/resume', { rate: '10' }, 'support');
    expect(refused.text).toContain('use the command');
  });
});
