import { jest } from '@jest/globals';
import { type AttemptLog, type AttemptOutcome, noAttempts } from '../../../src/domain/attempt.ts';
import type { Notification } from '../../../src/domain/notification.ts';
import type { Slot } from '../../../src/endpoints/queue.ts';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { deadlineOf } from '../../../src/domain/retryPolicy.ts';
import { createClaim } from '../../../src/notify/claim.ts';
import { deliver, type DeliveryResult } from '../../../src/notify/deliver.ts';
import { noTrace } from '../../../src/ports/tracing.ts';
import { answered, aNotification } from '../../support/builders.ts';
import { createFakeSender } from '../../support/fakePorts.ts';
import { createWorld, type World, type WorldOptions } from '../../support/world.ts';

/** A world whose receiver answers in turn, the last answer for ever; two quick retries, no others. */
export function createReceiving(
  answers: readonly (AttemptOutcome | Promise<AttemptOutcome>)[] = [answered(200)],
  options: WorldOptions = {},
): World {
  const left = [...answers];
  const sender = createFakeSender(
    () => (left.length > 1 ? left.shift() : left[0]) ?? answered(200),
  );
  return createWorld({ sender, quickRetriesMs: [1_000, 4_000], ...options });
}

export interface DeliveryOptions {
  readonly notification?: Notification;
  readonly acceptedAt?: Date;
  readonly log?: AttemptLog;
  /** Its row's, which must be there. */
  readonly claim?: string;
  onPersisted?(): void;
}

/** As a retry has one from the beginning. */
const ownSlot: Slot = { answered: () => undefined, release: () => undefined };

/** Delivers one notification in a world. */
export async function deliverIn(
  world: World,
  options: DeliveryOptions = {},
): Promise<DeliveryResult> {
  const { notification = aNotification(), acceptedAt = new Date(), log = noAttempts } = options;
  const { retries, ctx } = world;
  const { accountId, flowId, body, webhook, ...subject } = notification;
  const claim = createClaim(
    {
      retry: { subject, accountId, flowId, body, webhook, acceptedAt, undecided: null },
      token: options.claim ?? null,
      canBeScheduled: await retries.canHold(body),
    },
    ctx,
  );
  void claim.persisted.then(options.onPersisted);
  const deadline = deadlineOf(acceptedAt, ctx.policy.giveUpAfterMs);
  const slot = options.claim !== undefined && log.begun === 0 ? ownSlot : null;
  return await deliver({ notification, deadline, claim, trace: noTrace, log }, slot, ctx);
}

/** Delivers it and lets time pass until that is over; the record written last. */
export async function deliverToEnd(
  world: World,
  options: DeliveryOptions = {},
): Promise<DeliveryRecord | null> {
  const ended = deliverIn(world, options);
  await jest.runAllTimersAsync();
  await ended;
  return world.database.endings.at(-1)?.record ?? null;
}

export const flush = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);
export const numbersSent = ({ sender }: World): number[] => sender.sent.map(({ number }) => number);
