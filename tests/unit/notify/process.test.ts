import { describe, expect, it, jest } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Change } from '../../../src/domain/change.ts';
import type { Route } from '../../../src/domain/route.ts';
import { createRecorder } from '../../../src/notify/recorder.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import {
  aChange,
  aDocument,
  answered,
  aPosition,
  aReplace,
  aWebhook,
} from '../../support/builders.ts';
import { createFakeRoutes, createFakeSender, deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { until } from '../../support/until.ts';
import { createWorld, type World } from '../../support/world.ts';
import { handleIn } from './processing.ts';

const id = 'sms-1:DELIVERED';

/** A world in which the SMS is there, its account's route is `route`, and its webhook answers `statusCode`. */
function createSituation(
  options: {
    readonly route?: Route | Promise<Route>;
    readonly statusCode?: number;
    readonly recordSkips?: boolean;
  } = {},
): World {
  const { route = { kind: 'open', webhook: aWebhook() }, statusCode = 200 } = options;
  const { recordSkips = true } = options;
  const world = createWorld({
    routes: createFakeRoutes(() => route),
    sender: createFakeSender(() => answered(statusCode)),
    recordSkips,
  });
  world.database.documents.set('sms-1', aDocument());
  return world;
}

const handle = async (world: World, change: Change): Promise<boolean> =>
  await handleIn(world, change);

const sentBody = (world: World): unknown =>
  JSON.parse(Buffer.from(world.sender.sent[0]?.body ?? []).toString());

describe('a new status', () => {
  it('is sent to the webhook, recorded and counted', async () => {
    const world = createSituation();
    await handle(world, aChange());
    expect(world.sender.sent).toMatchObject([{ notificationId: id, number: 1 }]);
    expect(world.database.endings).toEqual([
      {
        documentKey: { opaque: { _id: 'sms-1' } },
        smsKey: 'sms-1',
        notificationId: id,
        accountId: 28,
        record: expect.objectContaining({ state: 'delivered', notificationId: id, attempts: 1 }),
        showRecord: true,
        remember: true,
        remembered: expect.any(Function),
        claim: null,
        shows: 'none',
      },
    ]);
    expect(world.metrics.reported).toContainEqual(['notificationEnded', 'delivered', '']);
  });

  it('is sent as the document is now, with what the change set over it', async () => {
    const world = createSituation();
    world.database.documents.set('sms-1', aDocument({ deliveryStatus: 'SENT', operator: 'now' }));
    const setFields = { deliveryStatus: 'DELIVERED', errorCode: 0 };
    await handle(world, aChange({ setFields }));
    expect(sentBody(world)).toMatchObject({
      smsDetails: [{ id: 'sms-1', operator: 'now', deliveryStatus: 'DELIVERED', errorCode: 0 }],
    });
  });

  it('is sent as an insert or replace wrote it, whatever the document is by now', async () => {
    const world = createSituation();
    world.database.documents.set('sms-1', aDocument({ operator: 'now' }));
    await handle(world, aReplace({ operator: 'then' }));
    expect(sentBody(world)).toMatchObject({ smsDetails: [{ operator: 'then' }] });
  });

  it('of an insert or replace is sent also when the document is gone by now', async () => {
    const world = createSituation();
    world.database.documents.clear();
    await handle(world, aReplace());
    expect(world.sender.sent).toHaveLength(1);
  });

  it('is routed by account, flow and status', async () => {
    const world = createSituation();
    await handle(world, aChange());
    expect(world.routes.asked).toEqual([
      { accountId: 28, flowId: 200, deliveryStatus: 'DELIVERED' },
    ]);
  });

  it('is looked up as document for an update, as history for an insert or replace', async () => {
    const world = createSituation();
    await handle(world, aChange());
    await handle(world, aReplace());
    expect(world.database.lookups.map(([request]) => request?.wants)).toEqual([
      'document',
      'history',
    ]);
  });

  it('that the webhook refuses is recorded, counted and logged as failed', async () => {
    const world = createSituation({ statusCode: 500 });
    await handle(world, aChange());
    expect(world.database.ended(id)?.record).toMatchObject({
      state: 'failed',
      reason: 'attempts_exhausted',
      statusCode: 500,
    });
    expect(world.metrics.reported).toContainEqual([
      'notificationEnded',
      'failed',
      'attempts_exhausted',
    ]);
    expect(world.logger.of('notification_failed')).toEqual([
      {
        level: 'warn',
        event: 'notification_failed',
        fields: {
          notificationId: id,
          reason: 'attempts_exhausted',
          accountId: 28,
          webhookId: 7,
          attempts: 1,
          statusCode: 500,
          error: undefined,
        },
      },
    ]);
  });

  it('is acknowledged only once its end is durable', async () => {
    const world = createSituation();
    const durable = deferred<undefined>();
    const outcomes = { end: async () => await durable.promise };
    const change = aChange();
    const recorder = createRecorder({ ...world.ctx, outcomes, recordSkips: true });
    const ack = jest.fn();
    const handled = handleIn({ ctx: { ...world.ctx, recorder } }, change, ack);
    const seen = watch(handled);
    await until('the webhook was called', () => world.sender.sent.length > 0);
    await turn();
    expect(seen.isSettled).toBe(false);
    expect(ack).not.toHaveBeenCalled();
    expect(world.metrics.reported.map(([method]) => method)).not.toContain('notificationEnded');
    durable.resolve(undefined);
    expect(await handled).toBe(true);
    expect(ack).toHaveBeenCalledTimes(1);
  });
});

describe('a status nobody is reported', () => {
  const stale = { deliveryTime: new Date(aPosition(1).wallTime.getTime() - 3_600_001) };

  it.each<[string, Route, Change, string]>([
    [
      'an account without a default webhook',
      { kind: 'missing', reason: 'no_default_webhook' },
      aChange(),
      'no_default_webhook',
    ],
    [
      'a flow without the webhook',
      { kind: 'missing', reason: 'flow_webhook_disabled' },
      aChange(),
      'flow_webhook_disabled',
    ],
    ['a document from long ago', { kind: 'open', webhook: aWebhook() }, aReplace(stale), 'stale'],
  ])('is recorded as skipped and counted: %s', async (_what, route, change, reason) => {
    const world = createSituation({ route });
    await handle(world, change);
    expect(world.sender.sent).toEqual([]);
    expect(world.database.endings).toMatchObject([
      { record: { state: 'skipped', reason }, showRecord: true, remember: true, claim: null },
    ]);
    expect(world.metrics.reported).toEqual([['notificationEnded', 'skipped', reason]]);
    expect(world.logger.lines).toEqual([
      { level: 'debug', event: 'notification_skipped', fields: { notificationId: id, reason } },
    ]);
  });

  it('is remembered and counted, but not shown, when skips are not to be recorded', async () => {
    const route = { kind: 'missing', reason: 'no_default_webhook' } as const;
    const world = createSituation({ route, recordSkips: false });
    await handle(world, aChange());
    expect(world.database.endings).toMatchObject([{ showRecord: false }]);
    expect(world.metrics.reported).toEqual([
      ['notificationEnded', 'skipped', 'no_default_webhook'],
    ]);
    await handle(world, aChange());
    expect(world.metrics.reported[1]).toEqual(['notNotified', 'duplicate']);
  });

  it('is shown all the same when it failed and only skips are not to be recorded', async () => {
    const world = createSituation({ statusCode: 500, recordSkips: false });
    await handle(world, aChange());
    expect(world.database.endings).toMatchObject([{ showRecord: true }]);
  });

  it('leaves nothing behind when the account never asked', async () => {
    const world = createSituation({ route: { kind: 'notOptedIn' } });
    await handle(world, aChange());
    expect(world.database.endings).toEqual([]);
    expect(world.metrics.reported).toEqual([['notNotified', 'not_opted_in']]);
  });

  it('says which field makes a document unusable, and not what it holds; nobody is asked for a route', async () => {
    const world = createSituation();
    world.database.documents.set('sms-1', aDocument({ accountID: '28; DROP' }));
    await handle(world, aChange());
    expect(world.routes.asked).toEqual([]);
    expect(world.database.endings).toMatchObject([
      { record: { state: 'skipped', reason: 'unusable_document' } },
    ]);
    expect(world.metrics.reported).toEqual([['notificationEnded', 'skipped', 'unusable_document']]);
    const problem = expect.stringContaining('accountID');
    expect(world.logger.of('unusable_document')).toEqual([
      {
        level: 'warn',
        event: 'unusable_document',
        fields: { notificationId: id, problem },
      },
    ]);
    expect(JSON.stringify(world.logger.lines)).not.toContain('DROP');
  });

  it('ends as failed without a call when the webhook cannot be used', async () => {
    const problem = 'its URL has no host';
    const world = createSituation({
      route: { kind: 'unusable', webhookId: 7, displayUrl: null, problem },
    });
    await handle(world, aChange());
    expect(world.sender.sent).toEqual([]);
    expect(world.database.ended(id)?.record).toMatchObject({
      state: 'failed',
      reason: 'invalid_webhook',
      webhookId: 7,
      attempts: 0,
    });
    expect(world.metrics.reported).toEqual([['notificationEnded', 'failed', 'invalid_webhook']]);
    expect(world.logger.of('invalid_webhook')).toEqual([
      {
        level: 'warn',
        event: 'invalid_webhook',
        fields: { notificationId: id, webhookId: 7, problem },
      },
    ]);
  });

  it('is counted and logged when its document is gone before it could be read', async () => {
    const world = createSituation();
    world.database.documents.clear();
    await handle(world, aChange());
    expect(world.database.endings).toEqual([]);
    expect(world.metrics.reported).toEqual([['notNotified', 'document_gone']]);
    expect(world.logger.lines).toEqual([
      { level: 'info', event: 'document_gone', fields: { notificationId: id, phase: 'read' } },
    ]);
  });
});

describe('while the worker is stopping', () => {
  const reason = new Stopping();

  it('nothing is begun', async () => {
    const world = createSituation();
    world.stopping.abort(reason);
    await expect(handle(world, aChange())).rejects.toBe(reason);
    expect(world.database.lookups).toEqual([]);
  });

  it('a status that waits for its route is left as it was', async () => {
    const world = createSituation({ route: deferred<Route>().promise });
    const handled = handle(world, aChange());
    await until('the route was asked for', () => world.routes.asked.length > 0);
    world.stopping.abort(reason);
    await expect(handled).rejects.toBe(reason);
    expect(world.database.endings).toEqual([]);
    expect(world.metrics.reported).toEqual([]);
  });
});
