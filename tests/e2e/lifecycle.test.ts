import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { openCentralDatabase } from '../../scripts/harness/centralDatabase.ts';
import { newSms, setStatus, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { startMysql, startReplicaSet, startStandaloneMongod } from '../support/servers.ts';
import { settled } from '../support/settled.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

describe('a worker that is set up wrongly', () => {
  let folder = '';
  let standalone: Awaited<ReturnType<typeof startStandaloneMongod>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-e2e-'));
    standalone = await startStandaloneMongod();
    await e2e().servers.db.createCollection('a_view', { viewOn: 'SMSDetailDocument' });
    await e2e().servers.db.createCollection('a_series', { timeseries: { timeField: 'at' } });
  }, 60_000);
  afterAll(async () => {
    await standalone.close();
    await rm(folder, { recursive: true, force: true });
  });

  const sqlFile = async (text: string): Promise<string> => {
    const path = join(folder, 'route.sql');
    await writeFile(path, text);
    return path;
  };

  const cases: readonly (readonly [
    string,
    () => Promise<Record<string, string>>,
    readonly string[],
  ])[] = [
    [
      'every setting that is missing or wrong, at once',
      async () => ({ MONGODB_URI: '', MYSQL_URI: '', REQUEST_TIMEOUT: '15', LOG_LEVEL: 'loud' }),
      ['MONGODB_URI', 'MYSQL_URI', 'REQUEST_TIMEOUT', 'LOG_LEVEL'],
    ],
    [
      'a MongoDB that is no replica set',
      async () => ({ MONGODB_URI: standalone.uri }),
      ['standalone', 'replica set'],
    ],
    ['a view', async () => ({ MONGODB_COLLECTION: 'a_view' }), ['a view', 'MONGODB_COLLECTION']],
    ['a time series', async () => ({ MONGODB_COLLECTION: 'a_series' }), ['time series']],
    [
      'a route query that lacks a column',
      async () => ({
        MYSQL_ROUTE_QUERY_FILE: await sqlFile(
          "SELECT 'true' AS notify_on_delivery, 1 AS flow_webhook_enabled, 1 AS webhook_id, NULL AS headers, NULL AS secret FROM Flow WHERE accountID = :accountId",
        ),
      }),
      ['route.sql', 'url'],
    ],
    [
      'a route query for a table that is not there',
      async () => ({
        MYSQL_ROUTE_QUERY_FILE: await sqlFile('SELECT * FROM Nothing WHERE id = :accountId'),
      }),
      ['Nothing'],
    ],
    [
      'an HTTP port that is taken',
      async () => ({ HTTP_PORT: String(e2e().receiver.port) }),
      ['HTTP_PORT'],
    ],
  ];

  it.each(cases)('ends with 78 and names %s', async (_name, settings, named) => {
    const worker = e2e().startWorker(await settings());
    expect(await worker.exit).toEqual({ code: 78, signal: null });
    for (const words of named) expect(worker.output()).toContain(words);
  });
});

describe('a worker that starts before its databases', () => {
  it('waits for MongoDB, says so, and then works', async () => {
    const replicaSet = await startReplicaSet();
    const [mongod] = replicaSet.members;
    await using _closing = { [Symbol.asyncDispose]: async () => await replicaSet.close() };
    await mongod?.stop();
    const { startWorker, central, receiver } = e2e();
    await central.optIn(31, 310, { url: receiver.url('/late-mongodb') });
    const worker = startWorker({ MONGODB_URI: replicaSet.uri, MONGODB_DATABASE: 'central' });
    await until('readiness fails on MongoDB', async () => {
      const probe = await worker.probe('/readyz');
      return probe?.status === 503 && probe.body.components['mongodb']?.status === 'fail';
    });
    expect((await worker.probe('/livez'))?.status).toBe(200);
    await mongod?.start();
    await worker.ready();
    await using client = await new MongoClient(replicaSet.uri).connect();
    const sms = client.db('central').collection<SmsDocument>('SMSDetailDocument');
    await sms.insertOne(newSms({ accountID: 31, flowId: 310, deliveryStatus: 'SENT' }));
    await until('the status is notified', () => receiver.requests('/late-mongodb').length === 1);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  }, 60_000);

  it('waits for MySQL, and meanwhile loses no status', async () => {
    const { startWorker, receiver, sms } = e2e();
    const mysql = await startMysql();
    await using _closing = { [Symbol.asyncDispose]: async () => await mysql.close() };
    const central = await openCentralDatabase(mysql.uri);
    await central.optIn(32, 320, { url: receiver.url('/late-mysql') });
    await central.close();
    await mysql.stop();
    const worker = startWorker({ MYSQL_URI: mysql.uri });
    await worker.line('stream_opened');
    const probe = await worker.probe('/readyz');
    expect(probe).toMatchObject({
      status: 503,
      body: {
        status: 'fail',
        components: {
          mongodb: { status: 'ok' },
          mysql: { status: 'fail' },
          stream: { status: 'ok' },
        },
      },
    });
    await sms.insertOne(newSms({ accountID: 32, flowId: 320, deliveryStatus: 'SENT' }));
    await mysql.start();
    await worker.ready();
    await until('the status is notified', () => receiver.requests('/late-mysql').length === 1);
  }, 60_000);
});

describe('a worker that is stopped', () => {
  beforeAll(async () => {
    const { central, receiver } = e2e();
    receiver.answer('/slow', { delayMs: 2_000, body: 'slow but fine' });
    receiver.answer('/hangs', { fault: 'hangAtHeaders' });
    receiver.answer('/retried', [{ status: 500 }, { body: 'at last' }]);
    for (const [id, path] of [
      [41, '/slow'],
      [42, '/hangs'],
      [43, '/retried'],
    ] as const) {
      await central.optIn(id, id * 10, { url: receiver.url(path) });
    }
  });

  const write = async (accountID: number): Promise<string> => {
    const document = newSms({ accountID, flowId: accountID * 10 });
    await e2e().sms.insertOne(document);
    await setStatus(e2e().sms, document._id, 'DELIVERED');
    return document._id;
  };

  it.each(['SIGTERM', 'SIGINT'] as const)('finishes what runs, on %s', async (signal) => {
    const { worker, receiver, record } = e2e();
    const running = await worker();
    const before = receiver.requests('/slow').length;
    const id = await write(41);
    await until('the call has begun', () => receiver.requests('/slow').length === before + 1);
    expect(await running.stop(signal)).toEqual({ code: 0, signal: null });
    expect(await record(id)).toMatchObject({ state: 'delivered', response: 'slow but fine' });
    expect(running.lines.map((line) => line.event)).toEqual(
      expect.arrayContaining(['started', 'draining', 'stopped']),
    );
  });

  it('leaves a quick retry that was waiting to its successor', async () => {
    const { worker, receiver, record } = e2e();
    const running = await worker();
    const id = await write(43);
    await until('the first call was made', () => receiver.requests('/retried').length === 1);
    expect(await running.stop()).toEqual({ code: 0, signal: null });
    expect(await record(id)).toMatchObject({ state: 'retrying', attempts: 1, statusCode: 500 });
    await worker();
    expect(await record(id, (each) => each['state'] !== 'retrying')).toMatchObject({
      state: 'delivered',
      attempts: 2,
      response: 'at last',
      history: [{ statusCode: 500, error: null }],
    });
    expect(receiver.requests('/retried')[1]?.headers['webhook-attempt']).toBe('2');
  });

  it('starts nothing that was still queued; a successor does, once', async () => {
    const { worker, receiver, central } = e2e();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await central.optIn(44, 440, { url: receiver.url('/held') });
    receiver.answer('/held', async () => {
      await released;
      return {};
    });
    const first = await worker({ MAX_IN_FLIGHT: '1' });
    for (let count = 0; count < 3; count += 1) await write(44);
    await until('the first call has begun', () => receiver.requests('/held').length === 1);
    const stopped = first.stop();
    await first.line('draining');
    release();
    await stopped;
    expect(receiver.requests('/held')).toHaveLength(1);
    await worker();
    await settled(e2e());
    expect(receiver.requests('/held')).toHaveLength(3);
  });

  it('gives up what outlasts the graceful period, ends with 0, and loses nothing', async () => {
    const { worker, receiver, record } = e2e();
    const grace = { SHUTDOWN_GRACE: '3s', REQUEST_TIMEOUT: '2500ms', CONNECT_TIMEOUT: '1s' };
    const first = await worker({ ...grace, QUICK_RETRIES: '1s,1s,1s,1s' });
    const id = await write(42);
    await until('the call has begun', () => receiver.requests('/hangs').length === 1);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    receiver.answer('/hangs', { body: 'woken' });
    await worker();
    expect(await record(id, (each) => each['state'] !== 'retrying')).toMatchObject({
      state: 'delivered',
      response: 'woken',
    });
  });

  it('ends at once on a second signal', async () => {
    const { worker, receiver } = e2e();
    const running = await worker();
    const before = receiver.requests('/slow').length;
    await write(41);
    await until('the call has begun', () => receiver.requests('/slow').length === before + 1);
    await running.signal('SIGTERM');
    await running.line('draining');
    // The first milliseconds' worth counts as the same request.
    let hasEnded = false;
    void running.exit.then(() => (hasEnded = true));
    await until('it has ended', async () => {
      await running.signal('SIGTERM');
      return hasEnded;
    });
    expect(running.lines.map((line) => line.event)).not.toContain('stopped');
  });
});
