import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../src/domain/change.ts';
import type { Route } from '../../../src/domain/route.ts';
import { identify } from '../../../src/domain/identify.ts';
import { evaluate, type Evaluation } from '../../../src/notify/evaluate.ts';
import { noTrace } from '../../../src/ports/tracing.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import {
  aChange,
  aDocument,
  aLog,
  answered,
  aRetry,
  aPosition,
  aRecord,
  aReplace,
  aSubject,
  anEndedSubject,
  aWebhook,
} from '../../support/builders.ts';
import { createFakeRoutes, deferred } from '../../support/fakePorts.ts';
import { createByteBudget, nothingHeld } from '../../../src/runtime/byteBudget.ts';
import { until } from '../../support/until.ts';
import { createWorld, type World } from '../../support/world.ts';

const id = 'sms-1:DELIVERED';
const open: Route = { kind: 'open', webhook: aWebhook() };

function createSituation(route: Route | Promise<Route> = open): World {
  const world = createWorld({ routes: createFakeRoutes(() => route) });
  world.database.documents.set('sms-1', aDocument());
  return world;
}

async function take(world: World, change: Change, isUnderWay = false): Promise<Evaluation> {
  const identity = identify(change, new Set());
  if (identity.kind !== 'subject') throw new Error(identity.kind);
  const acceptedAt = new Date();
  const { subject } = identity;
  const evaluated = { change, subject, acceptedAt, hold: nothingHeld, trace: noTrace };
  return await evaluate({ ...evaluated, isActive: isUnderWay }, world.ctx);
}

const scheduleOne = async (
  world: World,
  deliveryStatus: string,
  isClaimed = false,
): Promise<void> => {
  const parked = aRetry({ subject: aSubject({ deliveryStatus }) });
  await (isClaimed
    ? world.retries.scheduleClaimed(parked)
    : world.retries.schedule(parked, 60_000));
};

describe('a change that is new', () => {
  it('is to be notified, with all a call needs', async () => {
    const world = createSituation();
    expect(await take(world, aChange())).toMatchObject({
      kind: 'notify',
      siblingClaimed: false,
      notification: { notificationId: id, accountId: 28, flowId: 200, webhook: { webhookId: 7 } },
    });
    expect(world.metrics.reported).toEqual([]);
    expect(world.database.endings).toEqual([]);
  });

  it('is to be sent as the document is, under its own id and with times in the zone', async () => {
    const document = aDocument({ deliveryTime: new Date('2023-10-19T06:25:20.408Z') });
    const taken = await take(createSituation(), aReplace(document));
    if (taken.kind !== 'notify') throw new Error(taken.kind);
    expect(taken.notification).toEqual({
      ...aSubject(),
      accountId: 28,
      flowId: 200,
      webhook: aWebhook(),
      body: expect.any(Uint8Array),
      shows: 'none',
    });
    const { _id, _class, ...others } = document;
    expect(JSON.parse(Buffer.from(taken.notification.body).toString())).toEqual({
      'phonon-uuid': document['phononUuid'],
      smsDetails: [{ id: _id, ...others, deliveryTime: '2023-10-19T11:55:20.408+05:30' }],
    });
  });

  it.each<[string, Change['operation'], number, string]>([
    ['an update, however old its document says it is', 'update', 3_600_001, 'notify'],
    ['an insert of exactly the greatest age', 'insert', 3_600_000, 'notify'],
    ['no older insert', 'insert', 3_600_001, 'ended'],
  ])('may be %s', async (_what, operation, ageMs, kind) => {
    const deliveryTime = new Date(aPosition(1).wallTime.getTime() - ageMs);
    const document = aDocument({ deliveryTime });
    expect((await take(createSituation(), aChange({ operation, document }))).kind).toBe(kind);
  });

  it.each<[string, string, boolean, boolean]>([
    ['is being called', 'SENT', true, true],
    ['only waits for a retry', 'SENT', false, false],
  ])('says whether another status of its SMS %s', async (_what, other, isClaimed, expected) => {
    const world = createSituation();
    await scheduleOne(world, other, isClaimed);
    expect(await take(world, aChange())).toMatchObject({ siblingClaimed: expected });
  });
});

describe('the first reason that applies decides', () => {
  const stale = { deliveryTime: new Date(aPosition(1).wallTime.getTime() - 3_600_001) };
  const unusable: Route = { kind: 'unusable', webhookId: 7, displayUrl: null, problem: 'no host' };

  it.each<[string, Change, Route, Partial<Record<'parked' | 'disabled', true>>, object]>([
    ['duplicate', aReplace({ accountID: null }), open, { parked: true }, { kind: 'nothing' }],
    [
      'unusable_document',
      aReplace({ accountID: null }),
      { kind: 'notOptedIn' },
      {},
      { kind: 'ended', accountId: null, record: { reason: 'unusable_document' } },
    ],
    ['not_opted_in', aReplace(stale), { kind: 'notOptedIn' }, {}, { kind: 'nothing' }],
    [
      'stale',
      aReplace(stale),
      { kind: 'missing', reason: 'no_default_webhook' },
      {},
      { kind: 'ended', accountId: 28, record: { state: 'skipped', reason: 'stale' } },
    ],
    [
      'invalid_webhook',
      aChange(),
      unusable,
      { disabled: true },
      { kind: 'ended', record: { state: 'failed', reason: 'invalid_webhook', attempts: 0 } },
    ],
    [
      'endpoint_disabled',
      aChange(),
      open,
      { disabled: true },
      { kind: 'ended', record: { state: 'failed', reason: 'endpoint_disabled', attempts: 0 } },
    ],
  ])('%s', async (_reason, change, route, { parked, disabled }, expected) => {
    const world = createSituation(route);
    if (parked === true) await scheduleOne(world, 'DELIVERED');
    if (disabled === true) world.endpoints.disabled.set(aWebhook().endpointKey, 'endpoint_gone');
    expect(await take(world, change)).toMatchObject(expected);
  });

  it('a disabled endpoint is named in the record, and only the same endpoint is disabled', async () => {
    const world = createSituation();
    world.endpoints.disabled.set(aWebhook().endpointKey, 'endpoint_gone');
    expect(await take(world, aChange())).toMatchObject({
      record: { webhookId: 7, url: 'https://customer.example/hook' },
    });
    const moved = createSituation({
      kind: 'open',
      webhook: aWebhook({ endpointKey: '7 https://customer.example/moved' }),
    });
    moved.endpoints.disabled.set(aWebhook().endpointKey, 'endpoint_gone');
    expect((await take(moved, aChange())).kind).toBe('notify');
  });
});

describe('a change that is not new', () => {
  it.each<[string, (world: World) => Promise<boolean>]>([
    [
      'its notification waits for a retry',
      async (world) => {
        await scheduleOne(world, 'DELIVERED');
        return false;
      },
    ],
    [
      'its notification is being called by a predecessor',
      async (world) => {
        await scheduleOne(world, 'DELIVERED', true);
        return false;
      },
    ],
    ['its notification is under way here', async () => await Promise.resolve(true)],
  ])('since %s is a duplicate, and nobody is asked for a route', async (_why, arrange) => {
    const world = createSituation();
    const isUnderWay = await arrange(world);
    expect(await take(world, aChange(), isUnderWay)).toEqual({ kind: 'nothing' });
    expect(world.metrics.reported).toEqual([['notNotified', 'duplicate']]);
    expect(world.routes.asked).toEqual([]);
  });

  it('still gets back the records of older statuses that a whole-document save removed', async () => {
    const world = createSituation();
    const record = aRecord({ deliveryStatus: 'SENT' });
    const sent = anEndedSubject({ deliveryStatus: 'SENT' });
    await world.ctx.recorder.end(sent, record, null);
    await take(world, aReplace(), true);
    expect(world.database.endings.at(-1)).toMatchObject({ record, remember: false });
  });
});

describe('a whole-document save', () => {
  it('holds nothing of what is remembered while its route is waited for', async () => {
    const route = deferred<Route>();
    const world = createSituation(route.promise);
    const remembered = createByteBudget(1000);
    let held = 0;
    const lookUp: World['ctx']['lookUp'] = async (request, hold) => {
      hold.add(600);
      held = 1000 - remembered.room;
      return await world.ctx.lookUp(request, hold);
    };
    const memory = { ...world.ctx.memory, remembered };
    const ctx = { ...world.ctx, memory, lookUp };
    const change = aReplace();
    const found = { change, subject: aSubject(), acceptedAt: new Date() };
    const evaluated = { ...found, hold: nothingHeld, trace: noTrace };
    const taken = evaluate({ ...evaluated, isActive: false }, ctx);
    await until('the route is asked for', () => world.routes.asked.length > 0);
    expect([held, remembered.room]).toEqual([600, 1000]);
    route.resolve(open);
    expect(await taken).toMatchObject({ kind: 'notify' });
  });

  it('of a status that waits for a retry gets its record back, and it is not new', async () => {
    const world = createSituation();
    const log = aLog(answered(500));
    const nextAttemptAt = await world.retries.schedule(aRetry({ log }), 60_000);
    expect(await take(world, aReplace())).toEqual({ kind: 'nothing' });
    const record = { state: 'retrying', attempts: 1, nextAttemptAt };
    expect(world.database.endings).toMatchObject([{ record, remember: false, claim: null }]);
  });
});

describe('a stop', () => {
  it('ends the wait for a route, and nothing is decided', async () => {
    const world = createSituation(deferred<Route>().promise);
    const reason = new Stopping();
    const taken = take(world, aChange());
    world.stopping.abort(reason);
    await expect(taken).rejects.toBe(reason);
    expect(world.metrics.reported).toEqual([]);
  });
});
